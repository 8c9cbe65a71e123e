import type { SettingsTexts } from "./en.settings";

/** What a person chooses on this device, in Spanish. */
export const settings: SettingsTexts = {
  settings: {
    title: "Ajustes",
    appearance: { title: "Apariencia", choices: { system: "Sistema", light: "Clara", dark: "Oscura" } },
    language: { title: "Idioma", system: "Idioma del sistema" },
    sight: "Lo que la pasarela puede ver de usted",
    about: {
      title: "Acerca de Latchgate",
      text: "Latchgate conecta este dispositivo con los sitios internos de su empresa. El servidor intermedio solo transporta lo que no puede leer.",
      version: "Versión",
      licence: "Licencia",
      authors: "Los autores de Latchgate",
    },
    licences: { title: "Licencias", lead: "Latchgate está hecho con estas bibliotecas. Gracias.", loading: "Cargando…" },
  },

  backup: {
    title: "Copias de seguridad",
    allow: "Permitir copias de seguridad de esta vinculación",
    means: "Quien tenga ese archivo y su frase de contraseña es este dispositivo para su empresa. Para un dispositivo nuevo es mejor pedir un código nuevo.",
    make: "Hacer una copia de seguridad",
    lead: "Elija una frase de contraseña solo para este archivo. Sin ella no vale nada, tampoco para usted.",
    label: "Frase de contraseña de la copia",
    submit: "Guardar la copia",
    cancel: "Cancelar",
    saved: (name) => `Guardado en Descargas: ${name}`,
    keep: "Llévela adonde solo usted tenga acceso. En cuanto este dispositivo haya cambiado sus claves, lo que hace cada mes, la copia deja de servir.",
  },

  locking: {
    finger: "Desbloquear también con la huella o el rostro",
    title: "Bloqueo",
    after: "Bloquear sin uso desde hace",
    minutes: (count) => (count === 1 ? "1 minuto" : count % 60 === 0 ? (count === 60 ? "1 hora" : `${count / 60} horas`) : `${count} minutos`),
    never: "Nunca",
    screen: "Bloquear junto con la pantalla de este dispositivo",
    erase: (count) => `Borrar las claves tras ${count} frases de contraseña incorrectas`,
    eraseHint: "Después, este dispositivo necesita un código de vinculación nuevo. Sin esto, cada nuevo intento debe esperar más.",
    atMost: (time) => `Su empresa permite ${time} como máximo.`,
    required: "Su empresa lo exige.",
  },

  storage: {
    title: "Sesiones y páginas recientes",
    keepLogins: "Mantener la sesión en los sitios cuando Latchgate se bloquee",
    kept: "Lo que guardan los sitios queda en este dispositivo. Quien desbloquee Latchgate entra en ellos con su nombre.",
    notKept: "Cuando se bloquea, Latchgate borra lo que los sitios guardaron aquí: sesiones, borradores y ajustes. Donde un sitio pida iniciar sesión, tendrá que hacerlo de nuevo.",
    forgetLogins: "Cerrar la sesión en todos los sitios",
    loginsForgotten: "Ha cerrado la sesión en todos los sitios.",
    keepRecent: "Recordar las páginas recientes",
    recentMeans: "El portal ofrece entonces las últimas páginas que ha abierto, doce como máximo. Las páginas fijadas quedan en todo caso.",
    forgetRecent: "Olvidar las páginas recientes",
    recentForgotten: "Las páginas recientes se han olvidado.",
  },

  viewing: {
    title: "Páginas",
    textSize: "Tamaño del texto",
    lowData: "Usar menos datos",
    lowDataMeans: "Se pide a los sitios que envíen menos (Save-Data), los archivos llegan en trozos más pequeños, la conexión se comprueba menos a menudo y las películas no empiezan solas.",
  },

  usage: {
    title: "Datos usados",
    lead: "Lo que fue a cada sitio y vino de él. Se cuenta en este dispositivo y se guarda doce meses.",
    month: "Mes",
    caption: (month) => `Datos usados en ${month}`,
    received: "Recibido",
    sent: "Enviado",
    both: "En total",
    all: "Todos los sitios",
    none: "Todavía no se ha enviado ni recibido nada.",
    loading: "Sumando…",
  },

  diagnostics: {
    title: "Diagnóstico",
    lead: "Un texto para quien le ayude. Aquí lo ve entero antes de guardarlo. Está en inglés, para que cualquiera pueda leerlo.",
    inTitle: "Qué contiene",
    inside: ["Las versiones de Latchgate y de este sistema", "Cómo está la conexión y qué fallos hubo, por sus códigos", "Lo que está elegido en los ajustes"],
    outTitle: "Qué no contiene",
    outside: ["Claves, frases de contraseña y códigos de vinculación", "Direcciones, sitios y lo que hace en ellos", "Nombres de personas y de empresas"],
    text: "El texto entero",
    save: "Guardar en Descargas",
    saved: (name) => `Guardado en Descargas: ${name}`,
    loading: "Preparándolo…",
  },
};
