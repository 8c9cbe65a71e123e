import type { CompanyState, DeviceState, Light, LockCause, PairingStep } from "../bindings";
import { failures } from "./en.failures";

/** English. Plain words; a sentence says what something is for before it says what it is called. */
export const en = {
  app: "Latchgate",

  common: {
    /** Between a name and what it is; some languages put a space before it. */
    colon: ":",
    back: "Back",
    close: "Close",
    tryAgain: "Try again",
    show: "Show passphrase",
    hide: "Hide passphrase",
  },

  welcome: {
    title: "Your company’s web applications, wherever you are",
    lead: "Latchgate connects this device to the internal websites of your company. No VPN to switch on, and no company password to type.",
    ask: "You need a pairing code from your company. It is a square pattern, or a line of text that begins with “LG1:”.",
    how: "Connect this device",
    camera: "Scan with the camera",
    cameraHint: "Point it at the code on a screen or on paper",
    picture: "Choose a picture",
    pictureHint: "A photo or screenshot that shows the code",
    paste: "Paste the code",
    pasteHint: "The line of text that begins with “LG1:”",
    reading: "Reading the picture…",
    promises: [
      { title: "Only you and your company can read it", text: "Everything is sealed on this device and opened inside your company. The server in between cannot look inside." },
      { title: "Nothing on this device changes", text: "Your other apps and websites go their usual way. Latchgate carries your company’s sites only." },
      { title: "Lost the device? One call is enough", text: "Your company can cut it off within a second." },
    ],
  },

  scan: {
    title: "Scan the pairing code",
    lead: "Hold the whole square inside the frame. It is recognised by itself.",
    starting: "Starting the camera…",
    otherWays: "No camera at hand?",
    picture: "Choose a picture",
    paste: "Paste the code",
    preview: "Live picture from the camera",
  },

  paste: {
    title: "Paste the pairing code",
    lead: "Copy the whole line that your company sent you and paste it here. It begins with “LG1:”.",
    label: "Pairing code",
    placeholder: "LG1:…",
    submit: "Continue",
    privacy: "Treat the code like a key: it works once and only for a short time. Latchgate clears it from this field by itself.",
  },

  confirm: {
    title: "Is this your company?",
    lead: "The code invites this device to the company behind this address.",
    gateway: "Address",
    gatewayHint: "The server through which this device reaches your company",
    fingerprint: "Company fingerprint",
    fingerprintHint: "Compare it with the characters shown beside the code. If they differ, somebody may have swapped the code.",
    expired: { title: "This code has probably run out", text: "Codes work for a short time. You can try it, but you may need a new one." },
    printed: "This code was printed. At the end you compare a number with your company.",
    yes: "Pair this device",
    no: "Not my company",
  },

  passphrase: {
    title: "Choose a passphrase",
    lead: "You type it to open Latchgate on this device. It never leaves the device, and nobody can look it up or reset it for you.",
    label: "Passphrase",
    repeat: "Type it again",
    hint: "Several unrelated words are strong and easy to remember.",
    differs: "The two passphrases differ.",
    tooShort: (least: number) => `At least ${least} characters.`,
    strength: { label: "Strength", levels: ["Too short", "Weak", "Fair", "Strong", "Very strong"] },
    weakNote: "This passphrase is easy to guess. A longer one protects your company better.",
    forgotten: "If you forget it, ask your company for a new code and pair this device again. Nothing is lost.",
    submit: "Pair this device",
    biometric: "Use fingerprint or face instead",
    where: {
      available: "Your keys are kept in the keychain of this device, sealed with this passphrase.",
      absent: {
        title: "This device has no keychain",
        text: "Your keys are kept in a file that only this passphrase opens. Choose a long one: who copies the file can try to guess it.",
      },
      locked: {
        title: "The keychain of this device is locked",
        text: "Your system asks you to open it when you go on. The pairing code is not used up before.",
      },
      denied: {
        title: "Latchgate may not use the keychain",
        text: "Your keys are kept in a file that only this passphrase opens. Choose a long one, or allow Latchgate in the keychain’s settings first.",
      },
      corrupt: {
        title: "The keychain of this device returns damaged data",
        text: "Your keys are kept in a file that only this passphrase opens. Choose a long one, or have the keychain repaired first.",
      },
    },
  },

  pairing: {
    title: "Pairing this device",
    lead: "This takes a few seconds. Keep Latchgate open.",
    doneTitle: "This device is paired",
    doneLead: "Your company’s sites are ready.",
    failedTitle: "Pairing did not finish",
    steps: {
      checking: "Making sure this device can keep its keys",
      claiming: "Handing in the code",
      connecting: "Reaching your company",
      exchanging: "Agreeing on keys that only you and your company hold",
      confirming: "Comparing the check number",
      done: "Finished",
    } satisfies Record<PairingStep, string>,
    stepState: { done: "done", now: "in progress", failed: "failed", open: "to do" },
    checkTitle: "Compare this check number",
    checkLead: "Your company sees a number too. Is it the same?",
    checkYes: "The numbers are the same",
    checkNo: "They differ",
    checkNoHint: "If the numbers differ, somebody stands in between: stop here and tell your company.",
    checkWaiting: "Your company may ask you for this number before it lets this device in.",
    openPortal: "Show my sites",
    resume: "Try again",
    newCode: "Use a new code",
    cancel: "Cancel pairing",
    resumable: "Your code has not been lost. Trying again continues where it stopped.",
  },

  unlock: {
    title: "Locked",
    label: "Passphrase",
    submit: "Unlock",
    opening: "Unlocking…",
    finger: "Unlock with your fingerprint",
    face: "Unlock with your face",
    biometric: "Unlock with fingerprint or face",
    failed: (attempts: number) => (attempts === 1 ? "That was not the passphrase." : `That was not the passphrase. ${attempts} wrong tries so far.`),
    wait: (duration: string) => `Too many wrong tries. You can try again in ${duration}.`,
    seconds: (count: number) => (count === 1 ? "1 second" : `${count} seconds`),
    minutes: (count: number) => (count === 1 ? "1 minute" : `${count} minutes`),
    causes: {
      start: "Your keys are sealed. Unlock to reach your company.",
      person: "Your keys are sealed. Unlock to reach your company.",
      idle: "Locked because nobody used Latchgate for a while. Unlock to go on.",
      screen: "Locked together with your screen. Unlock to go on.",
      sleep: "Locked before this device went to sleep. Unlock to go on.",
      contact: "Locked because your company has not answered for longer than it allows. Unlock and connect to go on.",
    } satisfies Record<LockCause, string>,
    triesLeft: (count: number) =>
      count === 1 ? "One try is left. If it is wrong, the keys on this device are erased." : `${count} tries are left. After that the keys on this device are erased.`,
    forgotten: "Forgot the passphrase?",
    forget: "Forget this device",
  },

  away: {
    waiting: (days: number) => `Your company last answered ${days} days ago. Your sites open as soon as it answers again.`,
    erases: (days: number) =>
      days < 2 ? "If your company does not answer within a day, this device erases its keys. Your company requires that." : `If your company does not answer within ${days} days, this device erases its keys. Your company requires that.`,
  },

  forget: {
    title: "Forget this device?",
    text: "Latchgate erases the keys from this device. Afterwards you need a new pairing code from your company to come back.",
    yes: "Forget this device",
    no: "Keep it",
  },

  portal: {
    search: "Search sites",
    noMatch: (words: string) => `No site matches “${words}”.`,
    emptyTitle: "No sites yet",
    empty: "Your company has not shared any site with you. Ask your administrator to add you to a group.",
    loadingTitle: "Asking your company for your sites…",
    loading: "They appear as soon as your company answers.",
    otherGroup: "More sites",
    allSites: "Your sites",
    opening: (name: string) => `Opening ${name}…`,
    lock: "Lock",
    device: "This device",
    count: (count: number) => (count === 1 ? "1 site" : `${count} sites`),
  },

  status: {
    title: "Connection",
    summary: {
      good: "Connected",
      waiting: "Connecting…",
      bad: "Not connected",
      unknown: "Checking…",
    } satisfies Record<Light, string>,
    show: (summary: string) => `Connection: ${summary}. Show details`,
    rows: {
      internet: {
        name: "Internet",
        good: "This device is online.",
        waiting: "Looking for a connection.",
        bad: "This device is offline. Check Wi-Fi or mobile data.",
        unknown: "Not known yet.",
      },
      gateway: {
        name: "Gateway",
        good: "The server in between answers.",
        waiting: "Connecting to the server in between.",
        bad: "The server in between does not answer. Latchgate keeps trying.",
        unknown: "Not known yet.",
      },
      company: {
        name: "Your company",
        good: "Your company answered a moment ago.",
        waiting: "Waiting for an answer from your company.",
        bad: "Your company does not answer. Its side may be switched off for now.",
        unknown: "Not known yet.",
      },
    },
    behind: "Cannot be told until the line above works.",
    light: { good: "in order", waiting: "waiting", bad: "not working", unknown: "not known" } satisfies Record<Light, string>,
  },

  device: {
    title: "This device",
    company: "Company",
    person: "Paired for",
    label: "Name of this device",
    gateway: "Gateway",
    fingerprint: "Company fingerprint",
    fingerprintHint: "Your administrator can read it to you. It never changes.",
    nobody: "Not told by your company yet",
    lock: "Lock now",
    forget: "Forget this device",
    forgetHint: "Erases the keys from this device.",
  },

  sight: {
    seesTitle: "What the gateway can see",
    sees: {
      online: "That this device is online, and from which internet address",
      traffic: "When and how much is sent",
      number: "A random number for this device, and one for your company",
      dates: "When this device was paired, first connected and removed",
      proofs: "Check values of the passwords that Latchgate made for itself, not the passwords",
    },
    seesNotTitle: "What it cannot see",
    seesNot: ["Which sites you open", "What you read, write or upload", "Your name"],
  },

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

  companies: {
    title: "Your companies",
    choose: "Companies",
    add: "Add a company",
    unnamed: "A new company",
    apart: "Each company has keys, connection and pages of its own. None can see anything of the others.",
    state: { new: "Not paired yet", pairing: "Being paired", locked: "Locked", open: "Open" } satisfies Record<CompanyState, string>,
  },

  devices: {
    title: "My devices",
    lead: "Every device that is paired for you. Cut off at once what you have lost.",
    loading: "Asking your company…",
    unnamed: "A device without a name",
    this: "This device",
    invited: (date: string) => `invited on ${date}`,
    states: {
      unconfirmed: "Waits for its check number",
      active: "In use",
      revoked: "Cut off",
      wipePending: "Cut off, has not erased itself yet",
      wiped: "Has erased itself",
      other: "In a state that a newer app knows",
    } satisfies Record<DeviceState, string>,
    compare: "Compare check number",
    remove: "Cut off",
    gone: "Gone",
  },

  removal: {
    title: (name: string) => `Cut off ${name}?`,
    text: "It loses its access within a second. To come back it needs a new pairing code.",
    wipe: "It is lost: let it erase itself, too",
    wipeHint: "It erases its keys and what it keeps of the company as soon as it is online and opened.",
    yes: "Cut off",
    yesWipe: "Cut off and erase",
    no: "Keep it",
  },

  newDevice: {
    note: "A new device of yours is waiting",
    compare: "Compare check number",
    title: "Is this your new device?",
    lead: (name: string) => `${name} wants to be let in and shows a check number. Is it this one?`,
    hint: "If you have not just paired a device, or it shows another number, somebody may have copied your code: deny it and tell your company.",
    yes: "It shows this number",
    no: "Deny this device",
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

  restore: {
    way: "Restore from a backup",
    title: "Restore from a backup",
    lead: "This device becomes the one that the backup holds.",
    means: "The device that the backup was made on must not be used any more: as soon as one of the two replaces its keys, your company refuses the other.",
    choose: "Choose the file of the backup",
    none: "No file chosen",
    label: "Passphrase of the backup",
    fresh: "Choose a passphrase for this device",
    submit: "Restore",
  },

  locking: {
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

  toolbar: {
    label: "Page controls",
    back: "Back",
    forward: "Forward",
    reload: "Reload",
    stop: "Stop loading",
    portal: "All sites",
    lock: "Lock",
    address: "Address",
    encrypted: "Sealed between this device and your company",
    plain: "Sealed up to your company; inside your company it travels unencrypted",
    question: (host: string) => `${host} is outside your company.`,
    open: "Open in browser",
    stay: "Stay",
    untitled: "Loading…",
    notice: {
      saved: (name: string) => `Saved to Downloads: ${name}`,
      notSaved: (name: string) => (name ? `Not saved: ${name}` : "The file was not saved."),
      blocked: "Latchgate did not open this link.",
      notLoaded: "The page did not load. Try again in a moment.",
    },
  },

  failure: {
    starting: "Latchgate is starting…",
    code: "Code",
    copy: "Copy details",
    copied: "Copied",
    notCopied: "Not copied",
  },

  failures,
};

export type Texts = typeof en;
