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

  storage: {
    title: "Connexions et pages récentes",
    keepLogins: "Rester connecté aux sites quand Latchgate se verrouille",
    kept: "Ce que les sites enregistrent reste sur cet appareil. Qui déverrouille Latchgate y est connecté sous votre nom.",
    notKept: "Quand Latchgate se verrouille, il efface ce que les sites ont enregistré ici : connexions, brouillons et réglages. Là où un site demande une connexion, vous vous connectez de nouveau.",
    forgetLogins: "Se déconnecter de tous les sites",
    loginsForgotten: "Vous êtes déconnecté de tous les sites.",
    keepRecent: "Retenir les pages récentes",
    recentMeans: "Le portail propose alors les dernières pages que vous avez ouvertes, douze au plus. Les pages épinglées restent dans tous les cas.",
    forgetRecent: "Oublier les pages récentes",
    recentForgotten: "Les pages récentes sont oubliées.",
  },

  viewing: {
    title: "Pages",
    textSize: "Taille du texte",
    lowData: "Consommer moins de données",
    lowDataMeans: "Les sites sont priés d’envoyer moins (Save-Data), les fichiers arrivent en morceaux plus petits, la connexion est vérifiée moins souvent et les films ne démarrent pas tout seuls.",
  },

  usage: {
    title: "Données consommées",
    lead: "Ce qui est allé vers chaque site et en est venu. Le compte est tenu sur cet appareil et gardé douze mois.",
    month: "Mois",
    caption: (month) => `Données consommées en ${month}`,
    received: "Reçu",
    sent: "Envoyé",
    both: "En tout",
    all: "Tous les sites",
    none: "Rien n’a encore été envoyé ni reçu.",
    loading: "Calcul en cours…",
  },

  diagnostics: {
    title: "Diagnostic",
    lead: "Un texte pour qui vous aide. Vous le voyez ici en entier avant de l’enregistrer. Il est en anglais, pour que chacun puisse le lire.",
    inTitle: "Ce qu’il contient",
    inside: ["Les versions de Latchgate et de ce système", "L’état de la connexion et les pannes survenues, par leurs codes", "Ce qui est choisi dans les réglages"],
    outTitle: "Ce qu’il ne contient pas",
    outside: ["Les clés, les phrases secrètes et les codes de jumelage", "Les adresses, les sites et ce que vous y faites", "Les noms des personnes et des entreprises"],
    text: "Le texte entier",
    save: "Enregistrer dans Téléchargements",
    saved: (name) => `Enregistré dans Téléchargements : ${name}`,
    loading: "Préparation…",
  },
};
