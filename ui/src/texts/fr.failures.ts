import type { Failures } from "./en.failures";

/** What can fail, in French. */
export const failures: Failures = {
  "code-empty": {
    message: "Votre saisie ne contient aucun code de jumelage.",
    advice: "Scannez le code que votre entreprise affiche, ou collez son texte entier.",
  },
  "code-not-a-code": {
    message: "Ce n’est pas un code de jumelage Latchgate.",
    advice: "Un code de jumelage commence par LG1: et vient de votre entreprise. Scannez celui-là.",
  },
  "code-foreign-version": {
    message: "Ce code de jumelage a été créé pour une autre version de Latchgate.",
    advice: "Mettez cette application à jour, ou demandez à votre entreprise un code pour cette version.",
  },
  "code-truncated": {
    message: "Il manque une partie du code de jumelage.",
    advice: "Copiez le texte entier, de LG1: jusqu’à la fin, ou scannez l’image.",
  },
  "code-damaged": {
    message: "Le code de jumelage est abîmé : au moins un caractère est faux.",
    advice: "Scannez l’image, ou copiez de nouveau le texte sans le modifier.",
  },
  "code-too-long": {
    message: "Votre saisie est plus longue qu’un code de jumelage.",
    advice: "Copiez seulement le code, de LG1: jusqu’à sa fin.",
  },
  "code-gateway": {
    message: "Le code de jumelage indique une adresse de passerelle qui n’est pas sûre.",
    advice: "Rien n’a été envoyé. Demandez à votre entreprise si le code vient vraiment d’elle.",
  },
  "code-expired": {
    message: "Le code de jumelage a expiré.",
    advice: "Demandez un nouveau code à votre entreprise et utilisez-le aussitôt.",
  },
  "code-used": {
    message: "Le code de jumelage a déjà été utilisé par un autre appareil.",
    advice: "Si ce n’était pas vous, prévenez tout de suite votre entreprise : quelqu’un l’a peut-être copié. Demandez ensuite un nouveau code.",
  },
  "device-unknown": {
    message: "Vous n’avez pas un tel appareil, ou son état ne le permet pas.",
    advice: "Consultez à nouveau la liste de vos appareils.",
  },
  "check-code-differs": {
    message: "Ce n’est pas le numéro de contrôle du nouvel appareil.",
    advice: "Si son écran affiche vraiment ce numéro, ne le confirmez pas : refusez l’appareil et prévenez votre entreprise.",
  },
  "code-gone": {
    message: "Le code de jumelage a été utilisé, a été retiré ou n’a jamais existé.",
    advice: "Si vous ne l’avez pas utilisé vous-même, prévenez tout de suite votre entreprise : quelqu’un l’a peut-être copié. Demandez ensuite un nouveau code.",
  },
  "code-refused": {
    message: "Votre entreprise n’accepte plus ce code de jumelage : il a expiré, a été retiré ou appartient à un autre appareil.",
    advice: "Demandez un nouveau code à votre entreprise.",
  },
  "clock-skew": {
    message: "Le code de jumelage semble expiré, mais l’horloge de cet appareil est peut-être fausse.",
    advice: "Vérifiez la date et l’heure de cet appareil. Si elles sont justes, demandez un nouveau code à votre entreprise.",
  },
  "picture-no-code": {
    message: "Aucun code de jumelage n’a été trouvé dans l’image.",
    advice: "Reprenez la photo : le code entier, net, sans reflets. Ou collez le texte du code.",
  },
  "picture-unreadable": {
    message: "L’image est illisible.",
    advice: "Utilisez une image PNG, JPEG, WebP, BMP ou GIF de 12 mégapixels au plus.",
  },
  "already-paired": {
    message: "Cet appareil est déjà jumelé.",
    advice: "Supprimez d’abord le jumelage actuel, ou utilisez un autre profil.",
  },
  "not-paired": {
    message: "Cet appareil n’est pas jumelé.",
    advice: "Jumelez-le d’abord, avec un code de votre entreprise.",
  },
  "pairing-unfinished": {
    message: "Un jumelage a été commencé ici et n’est pas terminé.",
    advice: "Continuez-le, ou annulez-le avant d’en commencer un autre.",
  },
  "pairing-cancelled": {
    message: "Le jumelage a été annulé.",
    advice: "Rien n’est conservé sur cet appareil. Pour réessayer, demandez un nouveau code à votre entreprise.",
  },
  "pairing-refused": {
    message: "Le connecteur de votre entreprise n’a pas accepté ce jumelage.",
    advice: "Le code a peut-être été retiré. Demandez-en un nouveau à votre entreprise.",
  },
  "no-network": {
    message: "Cet appareil n’est pas connecté à Internet.",
    advice: "Vérifiez le Wi-Fi, les données mobiles ou le câble. Latchgate réessaie tout seul.",
  },
  dns: {
    message: "Le nom de la passerelle est introuvable.",
    advice: "Vérifiez le réseau. Sur celui d’une entreprise ou d’un hôtel, demandez s’il bloque le nom de la passerelle.",
  },
  "tls-intercepted": {
    message: "Quelque chose entre cet appareil et la passerelle répond à la place de la passerelle.",
    advice: "Rien n’a été envoyé. Changez de réseau, ou désactivez le programme qui inspecte les connexions.",
  },
  "certificate-date": {
    message: "Le certificat de la passerelle n’est pas valable à la date que cet appareil affiche.",
    advice: "Vérifiez la date et l’heure de cet appareil. Si elles sont justes, prévenez votre entreprise.",
  },
  "roots-unreadable": {
    message: "L’autorité de certification indiquée est illisible.",
    advice: "Indiquez un fichier PEM qui contient au moins un certificat.",
  },
  "captive-portal": {
    message: "Ce réseau affiche d’abord sa propre page de connexion.",
    advice: "Ouvrez une page web dans un navigateur, connectez-vous au réseau, puis revenez.",
  },
  "proxy-auth": {
    message: "Le proxy de ce réseau demande un nom d’utilisateur et un mot de passe.",
    advice: "Saisissez-les dans les réglages de proxy du système, ou changez de réseau.",
  },
  "gateway-down": {
    message: "La passerelle est injoignable.",
    advice: "Latchgate réessaie tout seul. Si cela dure, demandez à votre entreprise.",
  },
  "gateway-busy": {
    message: "La passerelle est occupée et demande d’attendre.",
    advice: "Latchgate réessaie tout seul dans un instant.",
  },
  "gateway-incompatible": {
    message: "La passerelle répond d’une façon que cette application ne comprend pas.",
    advice: "Mettez cette application à jour. Si elle l’est déjà, demandez à votre entreprise.",
  },
  "connector-offline": {
    message: "La passerelle répond, mais le connecteur de votre entreprise n’y est pas connecté.",
    advice: "Latchgate réessaie tout seul. Si cela dure, prévenez votre entreprise.",
  },
  "connector-silent": {
    message: "Le connecteur de votre entreprise est connecté, mais ne répond pas.",
    advice: "Latchgate réessaie tout seul. Si cela dure, prévenez votre entreprise.",
  },
  "taken-over": {
    message: "Une autre copie de cet appareil s’est connectée à sa place.",
    advice: "Si vous n’avez pas copié les données de cet appareil, prévenez tout de suite votre entreprise.",
  },
  revoked: {
    message: "La passerelle n’admet plus cet appareil.",
    advice: "Demandez à votre entreprise. Si elle a retiré cet appareil, supprimez le jumelage ici et recommencez-le.",
  },
  removed: {
    message: "Votre entreprise a retiré cet appareil. Ses clés et ce qu’il gardait de l’entreprise ont été effacés ici.",
    advice: "Si vous ne vous y attendiez pas, demandez à votre entreprise. Avec un nouveau code, vous pourrez recommencer le jumelage.",
  },
  "key-unknown": {
    message: "Le connecteur de votre entreprise ne connaît pas la clé de cet appareil.",
    advice: "Latchgate réessaie tout seul. Si cela dure, demandez un nouveau code à votre entreprise.",
  },
  "not-confirmed": {
    message: "Votre entreprise n’a pas encore approuvé cet appareil.",
    advice: "Donnez le numéro de contrôle au service informatique. Latchgate continue dès que l’appareil est approuvé.",
  },
  suspended: {
    message: "Votre entreprise a suspendu votre accès.",
    advice: "Demandez au service informatique.",
  },
  "wrong-passphrase": {
    message: "Cette phrase secrète n’ouvre pas le coffre.",
    advice: "Réessayez. Après plusieurs erreurs, l’attente s’allonge à chaque essai.",
  },
  "bound-key-changed": {
    message: "Les doigts ou visages que cet appareil connaît ont changé et ne déverrouillent plus Latchgate.",
    advice: "Déverrouillez avec votre phrase secrète. Votre doigt ou votre visage fonctionnera de nouveau ensuite.",
  },
  "bound-key-lost": {
    message: "Les doigts ou visages que cet appareil connaît ont changé, et rien d’autre ne déverrouille ce jumelage.",
    advice: "Rien n’a été supprimé. Demandez un nouveau code à votre entreprise, supprimez le jumelage ici et recommencez-le.",
  },
  "wrong-file-key": {
    message: "La clé du fichier n’ouvre pas le coffre de ce profil.",
    advice: "Utilisez le fichier indiqué lors du jumelage.",
  },
  "too-many-attempts": {
    message: "Il y a eu trop d’essais manqués.",
    advice: "Attendez la fin du délai affiché, puis réessayez.",
  },
  "erased-after-tries": {
    message: "Il y a eu trop d’essais manqués, et les clés de cet appareil ont été effacées, comme vous ou votre entreprise l’aviez choisi.",
    advice: "Demandez un nouveau code à votre entreprise et jumelez de nouveau cet appareil.",
  },
  "too-many-companies": {
    message: "Cette application est jumelée avec autant d’entreprises qu’elle peut en contenir.",
    advice: "Retirez-en une dont vous n’avez plus besoin.",
  },
  "bad-setting": {
    message: "Ce réglage dépasse ce qui peut être choisi.",
    advice: "Choisissez une des valeurs proposées.",
  },
  "backups-off": {
    message: "Les sauvegardes sont désactivées pour ce profil.",
    advice: "Activez-les d’abord. Qui possède une sauvegarde et sa phrase secrète est cet appareil.",
  },
  "backup-unreadable": {
    message: "Ce fichier n’est pas une sauvegarde que cette version sait lire.",
    advice: "Choisissez le fichier enregistré comme sauvegarde, ou mettez cette application à jour.",
  },
  "backup-passphrase": {
    message: "Cette phrase secrète n’ouvre pas la sauvegarde, ou le fichier est endommagé.",
    advice: "Réessayez avec la phrase secrète choisie pour cette sauvegarde.",
  },
  "weak-passphrase": {
    message: "La phrase secrète est trop courte.",
    advice: "Utilisez au moins 8 caractères ; plusieurs mots, c’est l’idéal.",
  },
  "wrong-method": {
    message: "Le coffre de ce profil s’ouvre d’une autre façon.",
    advice: "Utilisez la méthode choisie lors du jumelage.",
  },
  locked: {
    message: "Latchgate est verrouillé.",
    advice: "Déverrouillez-le d’abord.",
  },
  "vault-absent": {
    message: "Les clés de ce profil ne sont pas là.",
    advice: "Supprimez le jumelage ici et recommencez-le avec un nouveau code.",
  },
  "keychain-absent": {
    message: "Ce système n’a pas de trousseau où garder les clés.",
    advice: "Choisissez plutôt une phrase secrète, ou installez et démarrez un trousseau (sous Linux : un Secret Service).",
  },
  "keychain-locked": {
    message: "Le trousseau de ce système est verrouillé.",
    advice: "Déverrouillez-le et réessayez. Rien n’a été perdu.",
  },
  "keychain-denied": {
    message: "Le trousseau de ce système refuse Latchgate.",
    advice: "Autorisez Latchgate dans les réglages du trousseau, ou choisissez une phrase secrète.",
  },
  "keychain-corrupt": {
    message: "Ce que renvoie le trousseau est endommagé : les clés qui s’y trouvent sont illisibles.",
    advice: "Rien n’a été supprimé. Restaurez le trousseau depuis une sauvegarde de ce système, ou supprimez le jumelage et recommencez-le.",
  },
  "storage-failed": {
    message: "Les clés n’ont pas pu être enregistrées sur cet appareil.",
    advice: "Libérez de l’espace, vérifiez que le dossier est accessible en écriture, puis réessayez.",
  },
  "no-randomness": {
    message: "Ce système ne fournit pas de nombres aléatoires sûrs.",
    advice: "Redémarrez l’appareil et réessayez.",
  },
  "proxy-credentials": {
    message: "Le point de connexion de Latchgate sur cet appareil demande son nom d’utilisateur et son mot de passe.",
    advice: "Utilisez ceux affichés à sa dernière ouverture ; ils changent à chaque déverrouillage.",
  },
  "site-not-allowed": {
    message: "Votre entreprise ne partage pas cette adresse avec vous.",
    advice: "Ouvrez un site depuis le portail, ou demandez l’accès au service informatique.",
  },
  "site-unknown": {
    message: "Le connecteur de votre entreprise ne connaît pas ce site.",
    advice: "Revenez au portail et choisissez de nouveau le site.",
  },
  "upstream-unreachable": {
    message: "Votre entreprise répond, mais pas le site lui-même.",
    advice: "Réessayez dans un instant. Si cela dure, prévenez le service informatique.",
  },
  "upstream-certificate": {
    message: "Votre entreprise répond, mais le certificat du site n’est pas valable.",
    advice: "Prévenez le service informatique ; rien n’a été envoyé au site.",
  },
  "upstream-timeout": {
    message: "Le site a mis trop de temps à répondre.",
    advice: "Réessayez dans un instant. Si cela dure, prévenez le service informatique.",
  },
  "bad-request": {
    message: "La requête ne peut pas être traitée.",
    advice: "Revenez en arrière et réessayez.",
  },
  "tunnel-down": {
    message: "La connexion avec votre entreprise est interrompue.",
    advice: "Latchgate se reconnecte. Rechargez la page dans un instant.",
  },
  "proxy-failed": {
    message: "Latchgate n’a pas pu ouvrir son point de connexion pour le navigateur sur cet appareil.",
    advice: "Fermez les autres copies de Latchgate, ou choisissez un autre port, puis déverrouillez de nouveau.",
  },
  "not-a-web-server": {
    message: "Cette adresse appartient à Latchgate et n’est pas un site web.",
    advice: "Ouvrez les sites de votre entreprise depuis le portail.",
  },
  unavailable: {
    message: "Ce n’est pas disponible ici.",
    advice: "Mettez l’application à jour, ou utilisez un autre appareil.",
  },
  internal: {
    message: "Un problème est survenu dans Latchgate.",
    advice: "Redémarrez l’application. Si cela se reproduit, signalez-le.",
  },
  "camera-none": {
    message: "Aucune caméra n’a été trouvée sur cet appareil.",
    advice: "Choisissez une image du code, ou collez son texte.",
  },
  "camera-refused": {
    message: "La caméra ne peut pas être utilisée.",
    advice: "Fermez les autres programmes qui l’utilisent et autorisez Latchgate à s’en servir, ou choisissez une image.",
  },
  "camera-silent": {
    message: "La caméra ne répond pas.",
    advice: "Débranchez-la et rebranchez-la, ou choisissez une image du code.",
  },
  "camera-stopped": {
    message: "La caméra a été arrêtée.",
    advice: "Redémarrez-la pour scanner un code.",
  },
  "biometrics-refused": {
    message: "Vous n’avez pas été reconnu.",
    advice: "Réessayez, ou utilisez votre phrase secrète si vous en avez une.",
  },
  "too-many-pages": {
    message: "Trop de pages sont ouvertes.",
    advice: "Fermez-en d’abord quelques-unes.",
  },
  "no-contact": {
    message: "Votre entreprise n’a pas répondu depuis plus longtemps qu’elle ne le permet, et cet appareil s’est verrouillé.",
    advice: "Connectez-vous à internet et déverrouillez. Vos sites s’ouvriront dès que votre entreprise répondra.",
  },
  "erased-without-contact": {
    message: "Votre entreprise n’avait pas répondu depuis si longtemps que les clés et tout ce qui venait d’elle ont été effacés ici, comme elle l’exige.",
    advice: "Demandez un nouveau code à votre entreprise et jumelez de nouveau cet appareil.",
  },
  "required-by-company": {
    message: "Votre entreprise exige un réglage plus strict.",
    advice: "Choisissez une des valeurs proposées.",
  },
  "backup-too-old": {
    message: "Cette sauvegarde est plus ancienne que le temps que votre entreprise permet à un appareil de rester sans contact.",
    advice: "Demandez un nouveau code à votre entreprise et jumelez cet appareil.",
  },
  "not-pinned": {
    message: "Cette page ne peut pas être épinglée.",
    advice: "Vous pouvez épingler des pages des sites de votre entreprise, 48 au plus. Retirez-en une dont vous n’avez plus besoin.",
  },
  "settings-unreadable": {
    message: "Ce fichier ne contient pas de réglages que cette version sache lire.",
    advice: "Choisissez le fichier enregistré sur l’autre appareil, ou mettez cette application à jour.",
  },
  unexpected: {
    message: "Un problème est survenu dans Latchgate.",
    advice: "Réessayez. Si cela se reproduit, redémarrez Latchgate.",
  },
};
