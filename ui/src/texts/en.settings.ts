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

  storage: {
    title: "Logins and recent pages",
    keepLogins: "Stay signed in to sites when Latchgate locks",
    kept: "What sites store stays on this device. Whoever unlocks Latchgate is signed in as you.",
    notKept: "When Latchgate locks, it erases what sites stored here: logins, drafts and settings. Where a site asks for a login, you sign in again.",
    forgetLogins: "Sign out of all sites now",
    loginsForgotten: "You are signed out of all sites.",
    keepRecent: "Remember recent pages",
    recentMeans: "The portal then offers the pages that you opened last, at most twelve. Pinned pages stay either way.",
    forgetRecent: "Forget recent pages now",
    recentForgotten: "The recent pages are forgotten.",
  },

  viewing: {
    title: "Pages",
    textSize: "Text size",
    lowData: "Use less data",
    lowDataMeans: "Sites are asked to send less (Save-Data), files come in smaller pieces, the connection is checked less often, and films do not start by themselves.",
  },

  usage: {
    title: "Data used",
    lead: "What went to each site and came from it. It is counted on this device, and kept for twelve months.",
    month: "Month",
    caption: (month: string) => `Data used in ${month}`,
    received: "Received",
    sent: "Sent",
    both: "Total",
    all: "All sites",
    none: "Nothing has been sent or received yet.",
    loading: "Adding it up…",
  },

  diagnostics: {
    title: "Diagnostics",
    lead: "A text for someone who helps you. Here you see all of it before you save it. It is in English, so that every helper can read it.",
    inTitle: "What is in it",
    inside: ["Versions of Latchgate and of this system", "How the connection is, and which failures there were, by their codes", "What is chosen in the settings"],
    outTitle: "What is not in it",
    outside: ["Keys, passphrases and pairing codes", "Addresses, sites, and what you do there", "Names of people and companies"],
    text: "The whole text",
    save: "Save to Downloads",
    saved: (name: string) => `Saved to Downloads: ${name}`,
    loading: "Putting it together…",
  },
};

export type SettingsTexts = typeof settings;
