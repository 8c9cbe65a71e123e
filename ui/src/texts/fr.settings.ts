import type { SettingsTexts } from "./en.settings";

/** What a person chooses on this device, in French. */
export const settings: SettingsTexts = {
  settings: {
    title: "Réglages",
    appearance: { title: "Apparence", choices: { system: "Système", light: "Claire", dark: "Sombre" } },
    language: { title: "Langue", system: "Langue du système" },
    sight: "Ce que la passerelle peut voir de vous",
    about: {
      title: "À propos de Latchgate",
      text: "Latchgate relie cet appareil aux sites internes de votre entreprise. Le serveur entre les deux ne transporte que ce qu’il ne peut pas lire.",
      version: "Version",
      licence: "Licence",
      authors: "Les auteurs de Latchgate",
    },
    licences: { title: "Licences", lead: "Latchgate est fait avec ces bibliothèques. Merci.", loading: "Chargement…" },
  },

  backup: {
    title: "Sauvegardes",
    allow: "Autoriser les sauvegardes de ce jumelage",
    means: "Qui possède un tel fichier et sa phrase secrète est cet appareil pour votre entreprise. Pour un nouvel appareil, mieux vaut demander un nouveau code.",
    make: "Faire une sauvegarde",
    lead: "Choisissez une phrase secrète pour ce seul fichier. Sans elle, il ne vaut rien, pour vous non plus.",
    label: "Phrase secrète de la sauvegarde",
    submit: "Enregistrer la sauvegarde",
    cancel: "Annuler",
    saved: (name) => `Enregistré dans Téléchargements : ${name}`,
    keep: "Rangez-la là où personne d’autre que vous n’a accès. Dès que cet appareil a remplacé ses clés, ce qu’il fait chaque mois, la sauvegarde est périmée.",
  },

  locking: {
    finger: "Déverrouiller aussi par empreinte ou par visage",
    title: "Verrouillage",
    after: "Verrouiller sans utilisation depuis",
    minutes: (count) => (count === 1 ? "1 minute" : count % 60 === 0 ? (count === 60 ? "1 heure" : `${count / 60} heures`) : `${count} minutes`),
    never: "Jamais",
    screen: "Verrouiller avec l’écran de cet appareil",
    erase: (count) => `Effacer les clés après ${count} phrases secrètes erronées`,
    eraseHint: "Cet appareil aura ensuite besoin d’un nouveau code de jumelage. Sinon, chaque nouvel essai doit attendre plus longtemps.",
    atMost: (time) => `Votre entreprise autorise ${time} au plus.`,
    required: "Votre entreprise l’exige.",
  },
};
