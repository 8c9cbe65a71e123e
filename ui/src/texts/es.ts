import type { Texts } from "./en";
import { failures } from "./es.failures";
import { settings } from "./es.settings";

/**
 * Spanish. «Usted», short sentences; pairing is «vinculación», the company «empresa», its administrator
 * «departamento de informática».
 */
export const es: Texts = {
  app: "Latchgate",

  common: {
    colon: ":",
    back: "Atrás",
    close: "Cerrar",
    tryAgain: "Intentar de nuevo",
    show: "Mostrar la frase de contraseña",
    hide: "Ocultar la frase de contraseña",
  },

  welcome: {
    title: "Las aplicaciones web de su empresa, esté donde esté",
    lead: "Latchgate conecta este dispositivo con los sitios internos de su empresa. Sin VPN que activar ni contraseña de empresa que escribir.",
    ask: "Necesita un código de vinculación de su empresa. Es un dibujo cuadrado o una línea de texto que empieza por «LG1:».",
    how: "Conectar este dispositivo",
    camera: "Escanear con la cámara",
    cameraHint: "Apunte al código en una pantalla o en papel",
    picture: "Elegir una imagen",
    pictureHint: "Una foto o captura de pantalla del código",
    paste: "Pegar el código",
    pasteHint: "La línea de texto que empieza por «LG1:»",
    reading: "Leyendo la imagen…",
    promises: [
      { title: "Solo usted y su empresa pueden leerlo", text: "Todo se sella en este dispositivo y se abre dentro de su empresa. El servidor intermedio no puede ver el contenido." },
      { title: "Nada cambia en este dispositivo", text: "Sus otras aplicaciones y sitios siguen su camino habitual. Latchgate solo transporta los sitios de su empresa." },
      { title: "¿Ha perdido el dispositivo? Basta una llamada", text: "Su empresa puede cortarle el acceso en un segundo." },
    ],
  },

  scan: {
    title: "Escanear el código de vinculación",
    lead: "Ponga el cuadrado entero dentro del marco. Se reconoce solo.",
    starting: "Iniciando la cámara…",
    otherWays: "¿No tiene una cámara a mano?",
    picture: "Elegir una imagen",
    paste: "Pegar el código",
    preview: "Imagen en directo de la cámara",
  },

  paste: {
    title: "Pegar el código de vinculación",
    lead: "Copie toda la línea que le ha enviado su empresa y péguela aquí. Empieza por «LG1:».",
    label: "Código de vinculación",
    placeholder: "LG1:…",
    submit: "Continuar",
    privacy: "Trate el código como una llave: sirve una sola vez y por poco tiempo. Latchgate vacía este campo solo.",
  },

  confirm: {
    title: "¿Es esta su empresa?",
    lead: "El código invita a este dispositivo a la empresa que está detrás de esta dirección.",
    gateway: "Dirección",
    gatewayHint: "El servidor por el que este dispositivo llega a su empresa",
    fingerprint: "Huella de la empresa",
    fingerprintHint: "Compárela con los caracteres que aparecen junto al código. Si difieren, puede que alguien haya cambiado el código.",
    expired: { title: "Es probable que este código haya caducado", text: "Los códigos sirven por poco tiempo. Puede probarlo, pero quizá necesite uno nuevo." },
    printed: "Este código se imprimió. Al final comparará un número con su empresa.",
    yes: "Vincular este dispositivo",
    no: "No es mi empresa",
  },

  passphrase: {
    title: "Elegir una frase de contraseña",
    lead: "Con ella abre Latchgate en este dispositivo. Nunca sale de él, y nadie puede consultarla ni restablecerla por usted.",
    label: "Frase de contraseña",
    repeat: "Escríbala otra vez",
    hint: "Varias palabras sin relación son seguras y fáciles de recordar.",
    differs: "Las dos frases de contraseña difieren.",
    tooShort: (least) => `Al menos ${least} caracteres.`,
    strength: { label: "Seguridad", levels: ["Demasiado corta", "Débil", "Media", "Fuerte", "Muy fuerte"] },
    weakNote: "Esta frase de contraseña es fácil de adivinar. Una más larga protege mejor a su empresa.",
    forgotten: "Si la olvida, pida un código nuevo a su empresa y vincule de nuevo este dispositivo. No se pierde nada.",
    submit: "Vincular este dispositivo",
    biometric: "Usar el dedo o el rostro en su lugar",
    where: {
      available: "Sus claves se guardan en el llavero de este dispositivo, selladas con esta frase de contraseña.",
      absent: {
        title: "Este dispositivo no tiene llavero",
        text: "Sus claves se guardan en un archivo que solo abre esta frase de contraseña. Elija una larga: quien copie el archivo puede intentar adivinarla.",
      },
      locked: {
        title: "El llavero de este dispositivo está bloqueado",
        text: "Su sistema le pedirá que lo abra cuando continúe. El código de vinculación no se gasta antes.",
      },
      denied: {
        title: "Latchgate no puede usar el llavero",
        text: "Sus claves se guardan en un archivo que solo abre esta frase de contraseña. Elija una larga, o permita antes Latchgate en los ajustes del llavero.",
      },
      corrupt: {
        title: "El llavero de este dispositivo devuelve datos dañados",
        text: "Sus claves se guardan en un archivo que solo abre esta frase de contraseña. Elija una larga, o haga reparar antes el llavero.",
      },
    },
  },

  pairing: {
    title: "Vinculando este dispositivo",
    lead: "Tarda unos segundos. Mantenga Latchgate abierto.",
    doneTitle: "Este dispositivo está vinculado",
    doneLead: "Los sitios de su empresa están listos.",
    failedTitle: "La vinculación no ha terminado",
    steps: {
      checking: "Comprobar que este dispositivo puede guardar sus claves",
      claiming: "Entregar el código",
      connecting: "Llegar a su empresa",
      exchanging: "Acordar claves que solo tienen usted y su empresa",
      confirming: "Comparar el número de control",
      done: "Terminado",
    },
    stepState: { done: "hecho", now: "en curso", failed: "fallido", open: "pendiente" },
    checkTitle: "Compare este número de control",
    checkLead: "Su empresa también ve un número. ¿Es el mismo?",
    checkYes: "Los números son iguales",
    checkNo: "Son distintos",
    checkNoHint: "Si los números son distintos, alguien está en medio: deténgase aquí y avise a su empresa.",
    checkWaiting: "Puede que su empresa le pida este número antes de admitir este dispositivo.",
    openPortal: "Ver mis sitios",
    resume: "Intentar de nuevo",
    newCode: "Usar un código nuevo",
    cancel: "Cancelar la vinculación",
    resumable: "Su código no se ha perdido. Si lo intenta de nuevo, continúa donde se detuvo.",
  },

  unlock: {
    title: "Bloqueado",
    label: "Frase de contraseña",
    submit: "Desbloquear",
    opening: "Desbloqueando…",
    finger: "Desbloquear con el dedo",
    face: "Desbloquear con el rostro",
    biometric: "Desbloquear con el dedo o el rostro",
    failed: (attempts) => (attempts === 1 ? "Esa no era la frase de contraseña." : `Esa no era la frase de contraseña. ${attempts} intentos fallidos hasta ahora.`),
    wait: (duration) => `Demasiados intentos fallidos. Podrá intentarlo de nuevo en ${duration}.`,
    seconds: (count) => (count === 1 ? "1 segundo" : `${count} segundos`),
    minutes: (count) => (count === 1 ? "1 minuto" : `${count} minutos`),
    causes: {
      start: "Sus claves están selladas. Desbloquee para llegar a su empresa.",
      person: "Sus claves están selladas. Desbloquee para llegar a su empresa.",
      idle: "Bloqueado porque Latchgate no se ha usado durante un rato. Desbloquee para continuar.",
      screen: "Bloqueado junto con su pantalla. Desbloquee para continuar.",
      sleep: "Bloqueado antes de que este dispositivo se suspendiera. Desbloquee para continuar.",
      contact: "Bloqueado porque su empresa no ha respondido durante más tiempo del que permite. Desbloquee y conéctese para continuar.",
    },
    triesLeft: (count) =>
      count === 1
        ? "Le queda 1 intento. Si falla, se borran las claves de este dispositivo."
        : `Le quedan ${count} intentos. Después se borran las claves de este dispositivo.`,
    forgotten: "¿Ha olvidado la frase de contraseña?",
    forget: "Olvidar este dispositivo",
  },

  away: {
    waiting: (days) => `Su empresa respondió por última vez hace ${days} días. Sus sitios se abrirán en cuanto responda de nuevo.`,
    erases: (days) =>
      days < 2 ? "Si su empresa no responde en el plazo de un día, este dispositivo borrará sus claves. Su empresa lo exige." : `Si su empresa no responde en el plazo de ${days} días, este dispositivo borrará sus claves. Su empresa lo exige.`,
  },

  forget: {
    title: "¿Olvidar este dispositivo?",
    text: "Latchgate borra las claves de este dispositivo. Para volver necesitará un código de vinculación nuevo de su empresa.",
    yes: "Olvidar el dispositivo",
    no: "Conservarlo",
  },

  portal: {
    search: "Buscar sitios",
    searchAll: "Buscar sitios y páginas",
    noMatch: (words) => `Nada coincide con «${words}».`,
    emptyTitle: "Todavía no hay sitios",
    empty: "Su empresa todavía no comparte ningún sitio con usted. Pida al departamento de informática que le añada a un grupo.",
    loadingTitle: "Pidiendo sus sitios a su empresa…",
    loading: "Aparecerán en cuanto su empresa responda.",
    otherGroup: "Más sitios",
    allSites: "Sus sitios",
    opening: (name) => `Abriendo ${name}…`,
    lock: "Bloquear",
    device: "Este dispositivo",
    unreachable: "No ha respondido a su empresa hace un momento",
    count: (count) => (count === 1 ? "1 sitio" : `${count} sitios`),
  },

  pages: {
    pinned: "Páginas fijadas",
    recent: "Páginas recientes",
    pin: (title) => `Fijar ${title}`,
    unpin: (title) => `Dejar de fijar ${title}`,
    isPinned: (title) => `${title} está fijada.`,
    isUnpinned: (title) => `${title} ya no está fijada.`,
    all: (count) => `Mostrar las ${count}`,
    fewer: "Mostrar menos",
    count: (count) => (count === 1 ? "1 página" : `${count} páginas`),
  },

  status: {
    title: "Conexión",
    summary: {
      good: "Conectado",
      waiting: "Conectando…",
      bad: "Sin conexión",
      unknown: "Comprobando…",
    },
    show: (summary) => `Conexión: ${summary}. Mostrar detalles`,
    rows: {
      internet: {
        name: "Internet",
        good: "Este dispositivo está en línea.",
        waiting: "Buscando una conexión.",
        bad: "Este dispositivo está sin conexión. Compruebe la Wi-Fi o los datos móviles.",
        unknown: "Todavía no se sabe.",
      },
      gateway: {
        name: "Pasarela",
        good: "El servidor intermedio responde.",
        waiting: "Conectando con el servidor intermedio.",
        bad: "El servidor intermedio no responde. Latchgate lo sigue intentando.",
        unknown: "Todavía no se sabe.",
      },
      company: {
        name: "Su empresa",
        good: "Su empresa responde.",
        waiting: "Esperando una respuesta de su empresa.",
        bad: "Su empresa no responde. Puede que su lado esté apagado por ahora.",
        unknown: "Todavía no se sabe.",
      },
    },
    answered: {
      internet: (age) => `Transportó una respuesta por última vez ${age}.`,
      gateway: (age) => `Transmitió una respuesta por última vez ${age}.`,
      company: (age) => `Respondió por última vez ${age}.`,
    },
    never: "No ha respondido desde que usted desbloqueó.",
    behind: "No se puede saber hasta que funcione la línea de arriba.",
    light: { good: "en orden", waiting: "en espera", bad: "con fallo", unknown: "desconocido" },
  },

  device: {
    title: "Este dispositivo",
    company: "Empresa",
    person: "Vinculado para",
    label: "Nombre de este dispositivo",
    gateway: "Pasarela",
    fingerprint: "Huella de la empresa",
    fingerprintHint: "El departamento de informática puede leérsela. Nunca cambia.",
    nobody: "Su empresa todavía no lo ha indicado",
    lock: "Bloquear ahora",
    forget: "Olvidar este dispositivo",
    forgetHint: "Borra las claves de este dispositivo.",
  },

  sight: {
    seesTitle: "Lo que la pasarela puede ver",
    sees: {
      online: "Que este dispositivo está en línea, y desde qué dirección de internet",
      traffic: "Cuándo y cuánto se envía",
      number: "Un número aleatorio para este dispositivo y otro para su empresa",
      dates: "Cuándo se vinculó, se conectó por primera vez y se retiró este dispositivo",
      proofs: "Valores de control de las contraseñas que Latchgate crea para sí mismo, no las contraseñas",
    },
    seesNotTitle: "Lo que no puede ver",
    seesNot: ["Qué sitios abre", "Qué lee, escribe o sube", "Su nombre"],
  },

  companies: {
    title: "Sus empresas",
    choose: "Empresas",
    add: "Añadir una empresa",
    unnamed: "Una empresa nueva",
    apart: "Cada empresa tiene sus propias claves, su propia conexión y sus propias páginas. Ninguna ve nada de las demás.",
    silent: "Abierta, pero no responde",
    state: { new: "Todavía sin vincular", pairing: "Vinculando", locked: "Bloqueada", open: "Abierta" },
  },

  devices: {
    title: "Mis dispositivos",
    lead: "Todos los dispositivos vinculados para usted. Desconecte enseguida lo que haya perdido.",
    loading: "Consultando a su empresa…",
    unnamed: "Un dispositivo sin nombre",
    this: "Este dispositivo",
    invited: (date) => `invitado el ${date}`,
    states: {
      unconfirmed: "Espera su número de control",
      active: "En uso",
      revoked: "Desconectado",
      wipePending: "Desconectado, aún no se ha borrado",
      wiped: "Se ha borrado",
      other: "En un estado que conoce una aplicación más reciente",
    },
    compare: "Comparar el número de control",
    remove: "Desconectar",
    gone: "Ya no están",
  },

  removal: {
    title: (name) => `¿Desconectar ${name}?`,
    text: "Pierde el acceso en un segundo. Para volver necesita un código de vinculación nuevo.",
    wipe: "Está perdido: que también se borre",
    wipeHint: "Borra sus claves y lo que guarda de la empresa en cuanto esté en línea y se abra.",
    yes: "Desconectar",
    yesWipe: "Desconectar y borrar",
    no: "Conservarlo",
  },

  newDevice: {
    note: "Un dispositivo nuevo de usted está esperando",
    compare: "Comparar el número de control",
    title: "¿Es este su dispositivo nuevo?",
    lead: (name) => `${name} pide ser admitido y muestra un número de control. ¿Es este?`,
    hint: "Si no acaba de vincular un dispositivo, o si muestra otro número, alguien puede haber copiado su código: rechácelo y avise a su empresa.",
    yes: "Muestra este número",
    no: "Rechazar este dispositivo",
  },

  restore: {
    way: "Restaurar una copia de seguridad",
    title: "Restaurar una copia de seguridad",
    lead: "Este dispositivo pasa a ser el que contiene la copia.",
    means: "El dispositivo del que procede la copia no debe usarse más: en cuanto uno de los dos cambie sus claves, su empresa rechazará al otro.",
    choose: "Elegir el archivo de la copia",
    none: "Ningún archivo elegido",
    label: "Frase de contraseña de la copia",
    fresh: "Elija una frase de contraseña para este dispositivo",
    submit: "Restaurar",
  },

  link: {
    title: "¿Abrir esta página?",
    lead: "Lo pide otro programa de este dispositivo. Ábrala solo si lo esperaba.",
    host: "Sitio",
    address: "Dirección completa",
    yes: "Abrir la página",
    no: "No abrirla",
    waits: "Una página espera a que la abra. Se le preguntará en cuanto haya desbloqueado.",
    waitsHere: "Una página espera a que la abra. Conecte antes este dispositivo con su empresa.",
    scan: "Se le pide un código de vinculación. Si es de otra empresa, añádala y escanéelo.",
  },

  toolbar: {
    label: "Controles de la página",
    back: "Atrás",
    forward: "Adelante",
    reload: "Volver a cargar",
    stop: "Detener la carga",
    portal: "Todos los sitios",
    lock: "Bloquear",
    address: "Dirección",
    encrypted: "Sellado entre este dispositivo y su empresa",
    plain: "Sellado hasta su empresa; dentro de ella, sin cifrar",
    question: (host) => `${host} está fuera de su empresa.`,
    open: "Abrir en el navegador",
    stay: "Quedarse",
    untitled: "Cargando…",
    menu: "Más",
    find: { title: "Buscar en la página", next: "Lugar siguiente", previous: "Lugar anterior", close: "Terminar la búsqueda", count: (count) => (count === 0 ? "No se encuentra" : count >= 1000 ? "1000 o más" : count === 1 ? "1 lugar" : `${count} lugares`) },
    smaller: "Más pequeño",
    larger: "Más grande",
    size: (percent) => `Tamaño ${percent}. Restablecer`,
    print: "Imprimir",
    pin: "Fijar esta página",
    fullScreen: "Pantalla completa",
    notice: {
      saved: (name) => `Guardado en Descargas: ${name}`,
      notSaved: (name) => (name ? `No se ha guardado: ${name}` : "El archivo no se ha guardado."),
      blocked: "Latchgate no ha abierto este enlace.",
      notLoaded: "La página no se ha cargado. Inténtelo de nuevo en un momento.",
      notPinned: "Esta página no se puede fijar.",
    },
  },

  downloads: {
    title: "Descargas",
    none: "Aquí aparecen los archivos que guarde de los sitios de su empresa.",
    asking: "Abrir este tipo de archivo puede modificar su dispositivo. Guárdelo solo si lo esperaba.",
    keep: "Guardar",
    discard: "Descartar",
    progress: (received, total) => `${received} de ${total}`,
    paused: (progress) => `${progress}, en pausa`,
    done: (size) => `${size}, en Descargas`,
    broken: "La conexión se cortó antes de que el archivo estuviera completo.",
    notWritten: "No se ha podido escribir el archivo. ¿Queda espacio?",
    locked: "Se detuvo cuando Latchgate se bloqueó.",
    pause: (name) => `Pausar ${name}`,
    resume: (name) => `Continuar con ${name}`,
    cancel: (name) => `Cancelar ${name}`,
    open: (name) => `Abrir ${name}`,
    reveal: (name) => `Mostrar ${name} en su carpeta`,
    retry: (name) => `Descargar ${name} de nuevo`,
    remove: (name) => `Quitar ${name} de la lista`,
    clear: "Vaciar la lista",
    underWay: (count) => (count === 1 ? "1 descarga en curso" : `${count} descargas en curso`),
  },

  errorPage: {
    retry: "Intentar de nuevo",
    code: "Código",
    details: "Detalles",
  },

  failure: {
    starting: "Latchgate se está iniciando…",
    code: "Código",
    copy: "Copiar los detalles",
    copied: "Copiado",
    notCopied: "No se ha copiado",
  },

  ...settings,

  failures,
};
