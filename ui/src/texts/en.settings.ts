/** What a person chooses on this device, in English. */
export const settings = {
  settings: {
    title: "Settings",
    appearance: { title: "Appearance", choices: { system: "System", light: "Light", dark: "Dark" } },
    language: { title: "Language", system: "System language" },
    sight: "What the gateway can see about you",
    about: {
      title: "About Latchgate",
      text: "Latchgate connects this device to the internal websites of your company. The server in between carries only what it cannot read.",
      version: "Version",
      licence: "Licence",
      authors: "The Latchgate authors",
    },
    licences: { title: "Licences", lead: "Latchgate is made with these libraries. Thank you.", loading: "Loading…" },
  },

  backup: {
    title: "Backups",
    allow: "Allow backups of this pairing",
    means: "Whoever has such a file and its passphrase is this device to your company. For a new device it is better to ask for a new code.",
    make: "Make a backup",
    lead: "Choose a passphrase for this file alone. Without it the file is worth nothing, to you as well.",
    label: "Passphrase of the backup",
    submit: "Save the backup",
    cancel: "Cancel",
    saved: (name: string) => `Saved to Downloads: ${name}`,
    keep: "Move it to where nobody but you gets at it. As soon as this device has replaced its keys, which it does every month, the backup is out of date.",
  },

  locking: {
    finger: "Unlock with fingerprint or face, too",
    title: "Locking",
    after: "Lock when not used for",
    minutes: (count: number) => (count === 1 ? "1 minute" : count % 60 === 0 ? (count === 60 ? "1 hour" : `${count / 60} hours`) : `${count} minutes`),
    never: "Never",
    screen: "Lock together with the screen of this device",
    erase: (count: number) => `Erase the keys after ${count} wrong passphrases`,
    eraseHint: "Afterwards this device needs a new pairing code. Without this, each further try has to wait longer.",
    atMost: (time: string) => `Your company allows ${time} at most.`,
    required: "Your company requires this.",
  },
};

export type SettingsTexts = typeof settings;
