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
};
