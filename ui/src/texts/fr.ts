import type { Texts } from "./en";
import { failures } from "./fr.failures";
import { settings } from "./fr.settings";

/**
 * French. « Vous », short sentences, a no-break space before double signs; pairing is « jumelage », the company
 * « entreprise », its administrator « service informatique ».
 */
export const fr: Texts = {
  app: "Latchgate",

  common: {
    colon: " :",
    back: "Retour",
    close: "Fermer",
    tryAgain: "Réessayer",
    show: "Afficher la phrase secrète",
    hide: "Masquer la phrase secrète",
  },

  welcome: {
    title: "Les applications web de votre entreprise, où que vous soyez",
    lead: "Latchgate relie cet appareil aux sites internes de votre entreprise. Aucun VPN à activer, aucun mot de passe d’entreprise à saisir.",
    ask: "Il vous faut un code de jumelage de votre entreprise. C’est un motif carré, ou une ligne de texte qui commence par « LG1: ».",
    how: "Connecter cet appareil",
    camera: "Scanner avec la caméra",
    cameraHint: "Dirigez-la vers le code, à l’écran ou sur papier",
    picture: "Choisir une image",
    pictureHint: "Une photo ou une capture d’écran du code",
    paste: "Coller le code",
    pasteHint: "La ligne de texte qui commence par « LG1: »",
    reading: "Lecture de l’image…",
    promises: [
      { title: "Seuls vous et votre entreprise pouvez lire", text: "Tout est scellé sur cet appareil et ouvert dans votre entreprise. Le serveur entre les deux ne peut rien voir." },
      { title: "Rien ne change sur cet appareil", text: "Vos autres applications et sites suivent leur chemin habituel. Latchgate ne transporte que les sites de votre entreprise." },
      { title: "Appareil perdu ? Un appel suffit", text: "Votre entreprise peut lui couper l’accès en une seconde." },
    ],
  },

  scan: {
    title: "Scanner le code de jumelage",
    lead: "Placez le carré entier dans le cadre. Il est reconnu tout seul.",
    starting: "Démarrage de la caméra…",
    otherWays: "Pas de caméra sous la main ?",
    picture: "Choisir une image",
    paste: "Coller le code",
    preview: "Image en direct de la caméra",
  },

  paste: {
    title: "Coller le code de jumelage",
    lead: "Copiez la ligne entière que votre entreprise vous a envoyée et collez-la ici. Elle commence par « LG1: ».",
    label: "Code de jumelage",
    placeholder: "LG1:…",
    submit: "Continuer",
    privacy: "Traitez ce code comme une clé : il ne sert qu’une fois et peu de temps. Latchgate vide ce champ tout seul.",
  },

  confirm: {
    title: "Est-ce votre entreprise ?",
    lead: "Le code invite cet appareil dans l’entreprise qui se trouve derrière cette adresse.",
    gateway: "Adresse",
    gatewayHint: "Le serveur par lequel cet appareil joint votre entreprise",
    fingerprint: "Empreinte de l’entreprise",
    fingerprintHint: "Comparez-la aux caractères affichés à côté du code. S’ils diffèrent, quelqu’un a peut-être échangé le code.",
    expired: { title: "Ce code a sans doute expiré", text: "Les codes servent peu de temps. Vous pouvez essayer, mais il vous en faudra peut-être un nouveau." },
    printed: "Ce code a été imprimé. À la fin, vous comparerez un numéro avec votre entreprise.",
    yes: "Jumeler cet appareil",
    no: "Pas mon entreprise",
  },

  passphrase: {
    title: "Choisir une phrase secrète",
    lead: "Elle ouvre Latchgate sur cet appareil. Elle ne le quitte jamais, et personne ne peut la consulter ni la réinitialiser pour vous.",
    label: "Phrase secrète",
    repeat: "Saisissez-la de nouveau",
    hint: "Plusieurs mots sans lien sont solides et faciles à retenir.",
    differs: "Les deux phrases secrètes diffèrent.",
    tooShort: (least) => `Au moins ${least} caractères.`,
    strength: { label: "Solidité", levels: ["Trop courte", "Faible", "Moyenne", "Forte", "Très forte"] },
    weakNote: "Cette phrase secrète est facile à deviner. Une plus longue protège mieux votre entreprise.",
    forgotten: "Si vous l’oubliez, demandez un nouveau code à votre entreprise et jumelez de nouveau cet appareil. Rien n’est perdu.",
    submit: "Jumeler cet appareil",
    biometric: "Utiliser plutôt le doigt ou le visage",
    where: {
      available: "Vos clés sont gardées dans le trousseau de cet appareil, scellées par cette phrase secrète.",
      absent: {
        title: "Cet appareil n’a pas de trousseau",
        text: "Vos clés sont gardées dans un fichier que seule cette phrase secrète ouvre. Choisissez-en une longue : qui copie le fichier peut essayer de la deviner.",
      },
      locked: {
        title: "Le trousseau de cet appareil est verrouillé",
        text: "Votre système vous demandera de l’ouvrir quand vous continuerez. Le code de jumelage ne sert pas avant.",
      },
      denied: {
        title: "Latchgate n’a pas accès au trousseau",
        text: "Vos clés sont gardées dans un fichier que seule cette phrase secrète ouvre. Choisissez-en une longue, ou autorisez d’abord Latchgate dans les réglages du trousseau.",
      },
      corrupt: {
        title: "Le trousseau de cet appareil renvoie des données endommagées",
        text: "Vos clés sont conservées dans un fichier que seule cette phrase secrète ouvre. Choisissez-en une longue, ou faites d’abord réparer le trousseau.",
      },
    },
  },

  pairing: {
    title: "Jumelage de cet appareil",
    lead: "Cela prend quelques secondes. Gardez Latchgate ouvert.",
    doneTitle: "Cet appareil est jumelé",
    doneLead: "Les sites de votre entreprise sont prêts.",
    failedTitle: "Le jumelage n’a pas abouti",
    steps: {
      checking: "Vérifier que cet appareil peut garder ses clés",
      claiming: "Remettre le code",
      connecting: "Joindre votre entreprise",
      exchanging: "Convenir de clés que seuls vous et votre entreprise détenez",
      confirming: "Comparer le numéro de contrôle",
      done: "Terminé",
    },
    stepState: { done: "fait", now: "en cours", failed: "échoué", open: "à faire" },
    checkTitle: "Comparez ce numéro de contrôle",
    checkLead: "Votre entreprise voit aussi un numéro. Est-ce le même ?",
    checkYes: "Les numéros sont identiques",
    checkNo: "Ils diffèrent",
    checkNoHint: "Si les numéros diffèrent, quelqu’un s’est placé entre vous : arrêtez-vous ici et prévenez votre entreprise.",
    checkWaiting: "Votre entreprise vous demandera peut-être ce numéro avant d’admettre cet appareil.",
    openPortal: "Voir mes sites",
    resume: "Réessayer",
    newCode: "Utiliser un nouveau code",
    cancel: "Annuler le jumelage",
    resumable: "Votre code n’est pas perdu. Un nouvel essai reprend là où le jumelage s’est arrêté.",
  },

  unlock: {
    title: "Verrouillé",
    label: "Phrase secrète",
    submit: "Déverrouiller",
    opening: "Déverrouillage…",
    finger: "Déverrouiller avec votre doigt",
    face: "Déverrouiller avec votre visage",
    biometric: "Déverrouiller avec le doigt ou le visage",
    failed: (attempts) => (attempts < 2 ? "Ce n’était pas la phrase secrète." : `Ce n’était pas la phrase secrète. ${attempts} essais manqués jusqu’ici.`),
    wait: (duration) => `Trop d’essais manqués. Vous pourrez réessayer dans ${duration}.`,
    seconds: (count) => (count < 2 ? `${count} seconde` : `${count} secondes`),
    minutes: (count) => (count < 2 ? `${count} minute` : `${count} minutes`),
    causes: {
      start: "Vos clés sont scellées. Déverrouillez pour joindre votre entreprise.",
      person: "Vos clés sont scellées. Déverrouillez pour joindre votre entreprise.",
      idle: "Verrouillé parce que Latchgate n’a pas servi depuis un moment. Déverrouillez pour continuer.",
      screen: "Verrouillé en même temps que votre écran. Déverrouillez pour continuer.",
      sleep: "Verrouillé avant la mise en veille de cet appareil. Déverrouillez pour continuer.",
      contact: "Verrouillé parce que votre entreprise n’a pas répondu depuis plus longtemps qu’elle ne le permet. Déverrouillez et connectez-vous pour continuer.",
    },
    triesLeft: (count) =>
      count < 2
        ? `Il vous reste ${count} essai. S’il est manqué, les clés de cet appareil sont effacées.`
        : `Il vous reste ${count} essais. Ensuite, les clés de cet appareil sont effacées.`,
    forgotten: "Phrase secrète oubliée ?",
    forget: "Oublier cet appareil",
  },

  away: {
    waiting: (days) => `Votre entreprise a répondu pour la dernière fois il y a ${days} jours. Vos sites s’ouvriront dès qu’elle répondra de nouveau.`,
    erases: (days) =>
      days < 2 ? "Si votre entreprise ne répond pas d’ici un jour, cet appareil effacera ses clés. Votre entreprise l’exige." : `Si votre entreprise ne répond pas d’ici ${days} jours, cet appareil effacera ses clés. Votre entreprise l’exige.`,
  },

  forget: {
    title: "Oublier cet appareil ?",
    text: "Latchgate efface les clés de cet appareil. Pour revenir, il vous faudra un nouveau code de jumelage de votre entreprise.",
    yes: "Oublier l’appareil",
    no: "Le garder",
  },

  portal: {
    search: "Chercher un site",
    searchAll: "Chercher un site ou une page",
    noMatch: (words) => `Rien ne correspond à « ${words} ».`,
    emptyTitle: "Pas encore de sites",
    empty: "Votre entreprise n’a encore partagé aucun site avec vous. Demandez au service informatique de vous ajouter à un groupe.",
    loadingTitle: "Demande de vos sites à votre entreprise…",
    loading: "Ils s’affichent dès que votre entreprise répond.",
    otherGroup: "Autres sites",
    allSites: "Vos sites",
    opening: (name) => `Ouverture de ${name}…`,
    lock: "Verrouiller",
    device: "Cet appareil",
    unreachable: "N’a pas répondu à votre entreprise récemment",
    count: (count) => (count < 2 ? `${count} site` : `${count} sites`),
  },

  pages: {
    pinned: "Pages épinglées",
    recent: "Pages récentes",
    pin: (title) => `Épingler ${title}`,
    unpin: (title) => `Détacher ${title}`,
    isPinned: (title) => `${title} est épinglée.`,
    isUnpinned: (title) => `${title} n’est plus épinglée.`,
    all: (count) => `Afficher les ${count}`,
    fewer: "En afficher moins",
    count: (count) => (count < 2 ? `${count} page` : `${count} pages`),
  },

  status: {
    title: "Connexion",
    summary: {
      good: "Connecté",
      waiting: "Connexion…",
      bad: "Non connecté",
      unknown: "Vérification…",
    },
    show: (summary) => `Connexion : ${summary}. Afficher les détails`,
    rows: {
      internet: {
        name: "Internet",
        good: "Cet appareil est en ligne.",
        waiting: "Recherche d’une connexion.",
        bad: "Cet appareil est hors ligne. Vérifiez le Wi-Fi ou les données mobiles.",
        unknown: "Pas encore connu.",
      },
      gateway: {
        name: "Passerelle",
        good: "Le serveur entre les deux répond.",
        waiting: "Connexion au serveur entre les deux.",
        bad: "Le serveur entre les deux ne répond pas. Latchgate continue d’essayer.",
        unknown: "Pas encore connu.",
      },
      company: {
        name: "Votre entreprise",
        good: "Votre entreprise répond.",
        waiting: "En attente d’une réponse de votre entreprise.",
        bad: "Votre entreprise ne répond pas. Son côté est peut-être éteint pour le moment.",
        unknown: "Pas encore connu.",
      },
    },
    answered: {
      internet: (age) => `A transporté une réponse pour la dernière fois ${age}.`,
      gateway: (age) => `A transmis une réponse pour la dernière fois ${age}.`,
      company: (age) => `A répondu pour la dernière fois ${age}.`,
    },
    never: "N’a pas répondu depuis que vous avez déverrouillé.",
    behind: "Impossible à dire tant que la ligne au-dessus ne fonctionne pas.",
    light: { good: "en ordre", waiting: "en attente", bad: "en panne", unknown: "inconnu" },
  },

  device: {
    title: "Cet appareil",
    company: "Entreprise",
    person: "Jumelé pour",
    label: "Nom de cet appareil",
    gateway: "Passerelle",
    fingerprint: "Empreinte de l’entreprise",
    fingerprintHint: "Le service informatique peut vous la lire. Elle ne change jamais.",
    nobody: "Pas encore indiqué par votre entreprise",
    lock: "Verrouiller maintenant",
    forget: "Oublier cet appareil",
    forgetHint: "Efface les clés de cet appareil.",
  },

  sight: {
    seesTitle: "Ce que la passerelle peut voir",
    sees: {
      online: "Que cet appareil est en ligne, et depuis quelle adresse Internet",
      traffic: "Quand et combien est envoyé",
      number: "Un nombre aléatoire pour cet appareil, et un pour votre entreprise",
      dates: "Quand cet appareil a été jumelé, connecté pour la première fois et retiré",
      proofs: "Des valeurs de contrôle des mots de passe que Latchgate se donne lui-même, pas ces mots de passe",
    },
    seesNotTitle: "Ce qu’elle ne peut pas voir",
    seesNot: ["Quels sites vous ouvrez", "Ce que vous lisez, écrivez ou envoyez", "Votre nom"],
  },

  companies: {
    title: "Vos entreprises",
    choose: "Entreprises",
    add: "Ajouter une entreprise",
    unnamed: "Une nouvelle entreprise",
    apart: "Chaque entreprise a ses propres clés, sa propre connexion et ses propres pages. Aucune ne voit rien des autres.",
    silent: "Ouverte, mais ne répond pas",
    state: { new: "Pas encore jumelée", pairing: "Jumelage en cours", locked: "Verrouillée", open: "Ouverte" },
  },

  devices: {
    title: "Mes appareils",
    lead: "Chaque appareil jumelé pour vous. Déconnectez aussitôt ce que vous avez perdu.",
    loading: "Votre entreprise est interrogée…",
    unnamed: "Un appareil sans nom",
    this: "Cet appareil",
    invited: (date) => `invité le ${date}`,
    states: {
      unconfirmed: "Attend son numéro de contrôle",
      active: "Utilisé",
      revoked: "Déconnecté",
      wipePending: "Déconnecté, pas encore effacé",
      wiped: "S’est effacé",
      other: "Dans un état qu’une application plus récente connaît",
    },
    compare: "Comparer le numéro de contrôle",
    remove: "Déconnecter",
    gone: "Partis",
  },

  removal: {
    title: (name) => `Déconnecter ${name} ?`,
    text: "Il perd son accès en une seconde. Pour revenir, il lui faut un nouveau code de jumelage.",
    wipe: "Il est perdu : qu’il s’efface aussi",
    wipeHint: "Il efface ses clés et ce qu’il garde de l’entreprise dès qu’il est en ligne et ouvert.",
    yes: "Déconnecter",
    yesWipe: "Déconnecter et effacer",
    no: "Le garder",
  },

  newDevice: {
    note: "Un nouvel appareil à vous attend",
    compare: "Comparer le numéro de contrôle",
    title: "Est-ce votre nouvel appareil ?",
    lead: (name) => `${name} demande à être admis et affiche un numéro de contrôle. Est-ce celui-ci ?`,
    hint: "Si vous ne venez pas de jumeler un appareil, ou s’il affiche un autre numéro, quelqu’un a peut-être copié votre code : refusez-le et prévenez votre entreprise.",
    yes: "Il affiche ce numéro",
    no: "Refuser cet appareil",
  },

  restore: {
    way: "Restaurer une sauvegarde",
    title: "Restaurer une sauvegarde",
    lead: "Cet appareil devient celui que contient la sauvegarde.",
    means: "L’appareil d’où vient la sauvegarde ne doit plus servir : dès que l’un des deux remplace ses clés, votre entreprise refuse l’autre.",
    choose: "Choisir le fichier de la sauvegarde",
    none: "Aucun fichier choisi",
    label: "Phrase secrète de la sauvegarde",
    fresh: "Choisissez une phrase secrète pour cet appareil",
    submit: "Restaurer",
  },

  link: {
    title: "Ouvrir cette page ?",
    lead: "Un autre programme de cet appareil le demande. Ne l’ouvrez que si vous vous y attendiez.",
    host: "Site",
    address: "Adresse complète",
    yes: "Ouvrir la page",
    no: "Ne pas l’ouvrir",
    waits: "Une page attend d’être ouverte. La question vous sera posée dès que vous aurez déverrouillé.",
    waitsHere: "Une page attend d’être ouverte. Connectez d’abord cet appareil à votre entreprise.",
    scan: "Un code de jumelage vous est demandé. S’il vient d’une autre entreprise, ajoutez-la et scannez-le.",
  },

  toolbar: {
    label: "Commandes de la page",
    back: "Retour",
    forward: "Suivant",
    reload: "Recharger",
    stop: "Arrêter le chargement",
    portal: "Tous les sites",
    lock: "Verrouiller",
    address: "Adresse",
    encrypted: "Scellé entre cet appareil et votre entreprise",
    plain: "Scellé jusqu’à votre entreprise ; non chiffré à l’intérieur",
    question: (host) => `${host} est en dehors de votre entreprise.`,
    open: "Ouvrir dans le navigateur",
    stay: "Rester",
    untitled: "Chargement…",
    menu: "Plus",
    find: { title: "Chercher dans la page", next: "Endroit suivant", previous: "Endroit précédent", close: "Terminer la recherche", count: (count) => (count === 0 ? "Introuvable" : count >= 1000 ? "1000 ou plus" : count === 1 ? "1 endroit" : `${count} endroits`) },
    smaller: "Plus petit",
    larger: "Plus grand",
    size: (percent) => `Taille ${percent}. Rétablir`,
    print: "Imprimer",
    pin: "Épingler cette page",
    fullScreen: "Plein écran",
    notice: {
      saved: (name) => `Enregistré dans Téléchargements : ${name}`,
      notSaved: (name) => (name ? `Non enregistré : ${name}` : "Le fichier n’a pas été enregistré."),
      blocked: "Latchgate n’a pas ouvert ce lien.",
      notLoaded: "La page ne s’est pas chargée. Réessayez dans un instant.",
      notPinned: "Cette page ne peut pas être épinglée.",
    },
  },

  downloads: {
    title: "Téléchargements",
    none: "Les fichiers que vous enregistrez depuis les sites de votre entreprise s’affichent ici.",
    asking: "Ouvrir ce type de fichier peut modifier votre appareil. Ne le gardez que si vous l’attendiez.",
    keep: "Garder",
    discard: "Abandonner",
    progress: (received, total) => `${received} sur ${total}`,
    paused: (progress) => `${progress}, en pause`,
    done: (size) => `${size}, dans vos téléchargements`,
    broken: "La connexion s’est interrompue avant que le fichier soit complet.",
    notWritten: "Le fichier n’a pas pu être écrit. Reste-t-il de la place\u00a0?",
    locked: "Arrêté quand Latchgate a été verrouillé.",
    pause: (name) => `Mettre ${name} en pause`,
    resume: (name) => `Reprendre ${name}`,
    cancel: (name) => `Annuler ${name}`,
    open: (name) => `Ouvrir ${name}`,
    reveal: (name) => `Montrer ${name} dans son dossier`,
    retry: (name) => `Télécharger ${name} à nouveau`,
    remove: (name) => `Retirer ${name} de la liste`,
    clear: "Vider la liste",
    underWay: (count) => (count < 2 ? `${count} téléchargement en cours` : `${count} téléchargements en cours`),
  },

  errorPage: {
    retry: "Réessayer",
    code: "Code",
    details: "Détails",
  },

  failure: {
    starting: "Démarrage de Latchgate…",
    code: "Code",
    copy: "Copier les détails",
    copied: "Copié",
    notCopied: "Non copié",
  },

  ...settings,

  failures,
};
