import type { SettingsTexts } from "./en.settings";

/** What a person chooses on this device, in German. */
export const settings: SettingsTexts = {
  settings: {
    title: "Einstellungen",
    appearance: { title: "Darstellung", choices: { system: "System", light: "Hell", dark: "Dunkel" } },
    language: { title: "Sprache", system: "Sprache des Systems" },
    sight: "Was das Gateway über Sie sehen kann",
    about: {
      title: "Über Latchgate",
      text: "Latchgate verbindet dieses Gerät mit den internen Websites Ihrer Firma. Der Server dazwischen befördert nur, was er nicht lesen kann.",
      version: "Version",
      licence: "Lizenz",
      authors: "Die Latchgate-Autoren",
    },
    licences: { title: "Lizenzen", lead: "In Latchgate stecken diese Bibliotheken. Danke.", loading: "Lädt …" },
  },

  backup: {
    title: "Sicherungen",
    allow: "Sicherungen dieser Kopplung erlauben",
    means: "Wer eine solche Datei und ihre Passphrase hat, ist für Ihre Firma dieses Gerät. Für ein neues Gerät ist ein neuer Code besser.",
    make: "Eine Sicherung anlegen",
    lead: "Wählen Sie eine Passphrase nur für diese Datei. Ohne sie ist die Datei nichts wert, auch für Sie nicht.",
    label: "Passphrase der Sicherung",
    submit: "Sicherung speichern",
    cancel: "Abbrechen",
    saved: (name) => `In Downloads gespeichert: ${name}`,
    keep: "Legen Sie sie dorthin, wo niemand außer Ihnen herankommt. Sobald dieses Gerät seine Schlüssel ersetzt hat, was es jeden Monat tut, ist die Sicherung veraltet.",
  },

  locking: {
    finger: "Auch mit Fingerabdruck oder Gesicht entsperren",
    title: "Sperren",
    after: "Sperren, wenn unbenutzt seit",
    minutes: (count) => (count === 1 ? "1 Minute" : count % 60 === 0 ? (count === 60 ? "1 Stunde" : `${count / 60} Stunden`) : `${count} Minuten`),
    never: "Nie",
    screen: "Zusammen mit dem Bildschirm dieses Geräts sperren",
    erase: (count) => `Schlüssel nach ${count} falschen Passphrasen löschen`,
    eraseHint: "Danach braucht dieses Gerät einen neuen Kopplungscode. Sonst muss jeder weitere Versuch länger warten.",
    atMost: (time) => `Ihre Firma erlaubt höchstens ${time}.`,
    required: "Ihre Firma verlangt das.",
  },

  storage: {
    title: "Anmeldungen und besuchte Seiten",
    keepLogins: "Bei Websites angemeldet bleiben, wenn Latchgate sperrt",
    kept: "Was Websites speichern, bleibt auf diesem Gerät. Wer Latchgate entsperrt, ist als Sie angemeldet.",
    notKept: "Wenn Latchgate sperrt, löscht es, was Websites hier gespeichert haben: Anmeldungen, Entwürfe und Einstellungen. Wo eine Website eine Anmeldung verlangt, melden Sie sich neu an.",
    forgetLogins: "Jetzt von allen Websites abmelden",
    loginsForgotten: "Sie sind von allen Websites abgemeldet.",
    keepRecent: "Zuletzt besuchte Seiten merken",
    recentMeans: "Das Portal bietet dann die Seiten an, die Sie zuletzt geöffnet haben, höchstens zwölf. Angeheftete Seiten bleiben in jedem Fall.",
    forgetRecent: "Besuchte Seiten jetzt vergessen",
    recentForgotten: "Die besuchten Seiten sind vergessen.",
  },

  viewing: {
    title: "Seiten",
    textSize: "Textgröße",
    lowData: "Weniger Daten verbrauchen",
    lowDataMeans: "Websites werden gebeten, weniger zu senden (Save-Data), Dateien kommen in kleineren Stücken, die Verbindung wird seltener geprüft, und Filme starten nicht von selbst.",
  },

  usage: {
    title: "Datenverbrauch",
    lead: "Was zu jeder Website ging und von ihr kam. Es wird auf diesem Gerät gezählt und zwölf Monate aufbewahrt.",
    month: "Monat",
    caption: (month) => `Datenverbrauch im ${month}`,
    received: "Empfangen",
    sent: "Gesendet",
    both: "Zusammen",
    all: "Alle Websites",
    none: "Bisher wurde nichts gesendet oder empfangen.",
    loading: "Wird zusammengezählt …",
  },

  diagnostics: {
    title: "Diagnose",
    lead: "Ein Text für jemanden, der Ihnen hilft. Hier sehen Sie ihn ganz, bevor Sie ihn speichern. Er ist auf Englisch, damit jede Hilfe ihn lesen kann.",
    inTitle: "Was darin steht",
    inside: ["Versionen von Latchgate und von diesem System", "Wie es um die Verbindung steht und welche Fehler es gab, mit ihren Codes", "Was in den Einstellungen gewählt ist"],
    outTitle: "Was nicht darin steht",
    outside: ["Schlüssel, Passphrasen und Kopplungscodes", "Adressen, Websites und was Sie dort tun", "Namen von Personen und Firmen"],
    text: "Der ganze Text",
    save: "In Downloads speichern",
    saved: (name) => `In Downloads gespeichert: ${name}`,
    loading: "Wird zusammengestellt …",
  },
};
