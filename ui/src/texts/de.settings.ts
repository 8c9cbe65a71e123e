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
};
