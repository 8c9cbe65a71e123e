import { failures } from "./de.failures";
import type { Texts } from "./en";

/** German. „Sie“, short sentences; a company is „Firma“, its administrator „IT“, a site „Website“. */
export const de: Texts = {
  app: "Latchgate",

  common: {
    colon: ":",
    back: "Zurück",
    close: "Schließen",
    tryAgain: "Erneut versuchen",
    show: "Passphrase zeigen",
    hide: "Passphrase verbergen",
  },

  welcome: {
    title: "Die Webanwendungen Ihrer Firma, wo immer Sie sind",
    lead: "Latchgate verbindet dieses Gerät mit den internen Websites Ihrer Firma. Kein VPN zum Einschalten, kein Firmenpasswort zum Eintippen.",
    ask: "Sie brauchen einen Kopplungscode von Ihrer Firma. Das ist ein quadratisches Muster oder eine Textzeile, die mit „LG1:“ beginnt.",
    how: "Dieses Gerät verbinden",
    camera: "Mit der Kamera scannen",
    cameraHint: "Richten Sie sie auf den Code am Bildschirm oder auf Papier",
    picture: "Ein Bild wählen",
    pictureHint: "Ein Foto oder Bildschirmfoto, das den Code zeigt",
    paste: "Den Code einfügen",
    pasteHint: "Die Textzeile, die mit „LG1:“ beginnt",
    reading: "Das Bild wird gelesen …",
    promises: [
      { title: "Nur Sie und Ihre Firma können es lesen", text: "Alles wird auf diesem Gerät versiegelt und in Ihrer Firma geöffnet. Der Server dazwischen kann nicht hineinsehen." },
      { title: "Auf diesem Gerät ändert sich nichts", text: "Ihre anderen Apps und Websites gehen ihren gewohnten Weg. Latchgate befördert nur die Websites Ihrer Firma." },
      { title: "Gerät verloren? Ein Anruf genügt", text: "Ihre Firma kann es innerhalb einer Sekunde aussperren." },
    ],
  },

  scan: {
    title: "Den Kopplungscode scannen",
    lead: "Halten Sie das ganze Quadrat in den Rahmen. Es wird von selbst erkannt.",
    starting: "Die Kamera startet …",
    otherWays: "Keine Kamera zur Hand?",
    picture: "Ein Bild wählen",
    paste: "Den Code einfügen",
    preview: "Livebild der Kamera",
  },

  paste: {
    title: "Den Kopplungscode einfügen",
    lead: "Kopieren Sie die ganze Zeile, die Ihre Firma Ihnen geschickt hat, und fügen Sie sie hier ein. Sie beginnt mit „LG1:“.",
    label: "Kopplungscode",
    placeholder: "LG1:…",
    submit: "Weiter",
    privacy: "Behandeln Sie den Code wie einen Schlüssel: Er gilt einmal und nur für kurze Zeit. Latchgate leert dieses Feld von selbst.",
  },

  confirm: {
    title: "Ist das Ihre Firma?",
    lead: "Der Code lädt dieses Gerät zu der Firma hinter dieser Adresse ein.",
    gateway: "Adresse",
    gatewayHint: "Der Server, über den dieses Gerät Ihre Firma erreicht",
    fingerprint: "Fingerabdruck der Firma",
    fingerprintHint: "Vergleichen Sie ihn mit den Zeichen neben dem Code. Unterscheiden sie sich, hat vielleicht jemand den Code vertauscht.",
    expired: { title: "Dieser Code ist wahrscheinlich abgelaufen", text: "Codes gelten nur kurze Zeit. Sie können es versuchen, brauchen aber vielleicht einen neuen." },
    printed: "Dieser Code wurde gedruckt. Am Ende vergleichen Sie eine Zahl mit Ihrer Firma.",
    yes: "Dieses Gerät koppeln",
    no: "Nicht meine Firma",
  },

  passphrase: {
    title: "Eine Passphrase wählen",
    lead: "Mit ihr öffnen Sie Latchgate auf diesem Gerät. Sie verlässt das Gerät nie, und niemand kann sie nachsehen oder für Sie zurücksetzen.",
    label: "Passphrase",
    repeat: "Noch einmal eingeben",
    hint: "Mehrere Wörter ohne Zusammenhang sind stark und leicht zu merken.",
    differs: "Die beiden Passphrasen unterscheiden sich.",
    tooShort: (least) => `Mindestens ${least} Zeichen.`,
    strength: { label: "Stärke", levels: ["Zu kurz", "Schwach", "Mittel", "Stark", "Sehr stark"] },
    weakNote: "Diese Passphrase ist leicht zu erraten. Eine längere schützt Ihre Firma besser.",
    forgotten: "Wenn Sie sie vergessen, bitten Sie Ihre Firma um einen neuen Code und koppeln Sie dieses Gerät neu. Es geht nichts verloren.",
    submit: "Dieses Gerät koppeln",
    biometric: "Stattdessen Finger oder Gesicht verwenden",
    where: {
      available: "Ihre Schlüssel liegen im Schlüsselbund dieses Geräts, mit dieser Passphrase versiegelt.",
      absent: {
        title: "Dieses Gerät hat keinen Schlüsselbund",
        text: "Ihre Schlüssel liegen in einer Datei, die nur diese Passphrase öffnet. Wählen Sie eine lange: Wer die Datei kopiert, kann versuchen, sie zu erraten.",
      },
      locked: {
        title: "Der Schlüsselbund dieses Geräts ist gesperrt",
        text: "Ihr System bittet Sie, ihn zu öffnen, sobald Sie weitermachen. Vorher wird der Kopplungscode nicht verbraucht.",
      },
      denied: {
        title: "Latchgate darf den Schlüsselbund nicht verwenden",
        text: "Ihre Schlüssel liegen in einer Datei, die nur diese Passphrase öffnet. Wählen Sie eine lange, oder erlauben Sie Latchgate zuerst in den Einstellungen des Schlüsselbunds.",
      },
      corrupt: {
        title: "Der Schlüsselbund dieses Geräts liefert beschädigte Daten",
        text: "Ihre Schlüssel liegen in einer Datei, die nur diese Passphrase öffnet. Wählen Sie eine lange, oder lassen Sie zuerst den Schlüsselbund reparieren.",
      },
    },
  },

  pairing: {
    title: "Dieses Gerät wird gekoppelt",
    lead: "Das dauert ein paar Sekunden. Lassen Sie Latchgate geöffnet.",
    doneTitle: "Dieses Gerät ist gekoppelt",
    doneLead: "Die Websites Ihrer Firma sind bereit.",
    failedTitle: "Die Kopplung wurde nicht beendet",
    steps: {
      checking: "Prüfen, ob dieses Gerät seine Schlüssel aufbewahren kann",
      claiming: "Den Code einlösen",
      connecting: "Ihre Firma erreichen",
      exchanging: "Schlüssel vereinbaren, die nur Sie und Ihre Firma haben",
      confirming: "Die Prüfzahl vergleichen",
      done: "Fertig",
    },
    stepState: { done: "erledigt", now: "läuft", failed: "fehlgeschlagen", open: "noch offen" },
    checkTitle: "Vergleichen Sie diese Prüfzahl",
    checkLead: "Ihre Firma sieht auch eine Zahl. Ist es dieselbe?",
    checkYes: "Die Zahlen sind gleich",
    checkNo: "Sie unterscheiden sich",
    checkNoHint: "Unterscheiden sich die Zahlen, steht jemand dazwischen: Hören Sie hier auf und sagen Sie Ihrer Firma Bescheid.",
    checkWaiting: "Ihre Firma fragt Sie vielleicht nach dieser Zahl, bevor sie dieses Gerät zulässt.",
    openPortal: "Meine Websites zeigen",
    resume: "Erneut versuchen",
    newCode: "Neuen Code verwenden",
    cancel: "Kopplung abbrechen",
    resumable: "Ihr Code ist nicht verloren. Ein neuer Versuch macht dort weiter, wo es aufgehört hat.",
  },

  unlock: {
    title: "Gesperrt",
    label: "Passphrase",
    submit: "Entsperren",
    opening: "Wird entsperrt …",
    finger: "Mit dem Finger entsperren",
    face: "Mit dem Gesicht entsperren",
    biometric: "Mit Finger oder Gesicht entsperren",
    failed: (attempts) => (attempts === 1 ? "Das war nicht die Passphrase." : `Das war nicht die Passphrase. Bisher ${attempts} Fehlversuche.`),
    wait: (duration) => `Zu viele Fehlversuche. Der nächste Versuch ist in ${duration} möglich.`,
    seconds: (count) => (count === 1 ? "1 Sekunde" : `${count} Sekunden`),
    minutes: (count) => (count === 1 ? "1 Minute" : `${count} Minuten`),
    causes: {
      start: "Ihre Schlüssel sind versiegelt. Entsperren Sie, um Ihre Firma zu erreichen.",
      person: "Ihre Schlüssel sind versiegelt. Entsperren Sie, um Ihre Firma zu erreichen.",
      idle: "Gesperrt, weil Latchgate eine Weile nicht benutzt wurde. Entsperren Sie, um weiterzumachen.",
      screen: "Zusammen mit Ihrem Bildschirm gesperrt. Entsperren Sie, um weiterzumachen.",
      sleep: "Gesperrt, bevor dieses Gerät in den Ruhezustand ging. Entsperren Sie, um weiterzumachen.",
      contact: "Gesperrt, weil Ihre Firma länger nicht geantwortet hat, als sie erlaubt. Entsperren und verbinden Sie sich, um weiterzumachen.",
    },
    triesLeft: (count) =>
      count === 1
        ? "Sie haben noch 1 Versuch. Ist er falsch, werden die Schlüssel auf diesem Gerät gelöscht."
        : `Sie haben noch ${count} Versuche. Danach werden die Schlüssel auf diesem Gerät gelöscht.`,
    forgotten: "Passphrase vergessen?",
    forget: "Dieses Gerät vergessen",
  },

  away: {
    waiting: (days) => `Ihre Firma hat zuletzt vor ${days} Tagen geantwortet. Ihre Websites öffnen sich, sobald sie wieder antwortet.`,
    erases: (days) =>
      days < 2 ? "Wenn Ihre Firma nicht innerhalb eines Tages antwortet, löscht dieses Gerät seine Schlüssel. Ihre Firma verlangt das." : `Wenn Ihre Firma nicht innerhalb von ${days} Tagen antwortet, löscht dieses Gerät seine Schlüssel. Ihre Firma verlangt das.`,
  },

  forget: {
    title: "Dieses Gerät vergessen?",
    text: "Latchgate löscht die Schlüssel von diesem Gerät. Um zurückzukommen, brauchen Sie einen neuen Kopplungscode von Ihrer Firma.",
    yes: "Gerät vergessen",
    no: "Behalten",
  },

  portal: {
    search: "Websites suchen",
    noMatch: (words) => `Keine Website passt zu „${words}“.`,
    emptyTitle: "Noch keine Websites",
    empty: "Ihre Firma hat noch keine Website für Sie freigegeben. Bitten Sie Ihre IT, Sie in eine Gruppe aufzunehmen.",
    loadingTitle: "Ihre Firma wird nach Ihren Websites gefragt …",
    loading: "Sie erscheinen, sobald Ihre Firma antwortet.",
    otherGroup: "Weitere Websites",
    allSites: "Ihre Websites",
    opening: (name) => `${name} wird geöffnet …`,
    lock: "Sperren",
    device: "Dieses Gerät",
    count: (count) => (count === 1 ? "1 Website" : `${count} Websites`),
  },

  status: {
    title: "Verbindung",
    summary: {
      good: "Verbunden",
      waiting: "Verbindet …",
      bad: "Nicht verbunden",
      unknown: "Wird geprüft …",
    },
    show: (summary) => `Verbindung: ${summary}. Einzelheiten zeigen`,
    rows: {
      internet: {
        name: "Internet",
        good: "Dieses Gerät ist online.",
        waiting: "Eine Verbindung wird gesucht.",
        bad: "Dieses Gerät ist offline. Prüfen Sie WLAN oder mobile Daten.",
        unknown: "Noch nicht bekannt.",
      },
      gateway: {
        name: "Gateway",
        good: "Der Server dazwischen antwortet.",
        waiting: "Die Verbindung zum Server dazwischen wird aufgebaut.",
        bad: "Der Server dazwischen antwortet nicht. Latchgate versucht es weiter.",
        unknown: "Noch nicht bekannt.",
      },
      company: {
        name: "Ihre Firma",
        good: "Ihre Firma hat gerade eben geantwortet.",
        waiting: "Auf eine Antwort Ihrer Firma wird gewartet.",
        bad: "Ihre Firma antwortet nicht. Vielleicht ist ihre Seite gerade ausgeschaltet.",
        unknown: "Noch nicht bekannt.",
      },
    },
    behind: "Lässt sich erst sagen, wenn die Zeile darüber in Ordnung ist.",
    light: { good: "in Ordnung", waiting: "wartet", bad: "gestört", unknown: "nicht bekannt" },
  },

  device: {
    title: "Dieses Gerät",
    company: "Firma",
    person: "Gekoppelt für",
    label: "Name dieses Geräts",
    gateway: "Gateway",
    fingerprint: "Fingerabdruck der Firma",
    fingerprintHint: "Ihre IT kann ihn Ihnen vorlesen. Er ändert sich nie.",
    nobody: "Von Ihrer Firma noch nicht genannt",
    lock: "Jetzt sperren",
    forget: "Dieses Gerät vergessen",
    forgetHint: "Löscht die Schlüssel von diesem Gerät.",
  },

  sight: {
    seesTitle: "Was das Gateway sehen kann",
    sees: {
      online: "Dass dieses Gerät online ist und von welcher Internetadresse aus",
      traffic: "Wann und wie viel gesendet wird",
      number: "Eine Zufallszahl für dieses Gerät und eine für Ihre Firma",
      dates: "Wann dieses Gerät gekoppelt, zum ersten Mal verbunden und entfernt wurde",
      proofs: "Prüfwerte der Passwörter, die Latchgate sich selbst gibt, nicht die Passwörter",
    },
    seesNotTitle: "Was es nicht sehen kann",
    seesNot: ["Welche Websites Sie öffnen", "Was Sie lesen, schreiben oder hochladen", "Ihren Namen"],
  },

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

  companies: {
    title: "Ihre Firmen",
    choose: "Firmen",
    add: "Firma hinzufügen",
    unnamed: "Eine neue Firma",
    apart: "Jede Firma hat eigene Schlüssel, eine eigene Verbindung und eigene Seiten. Keine sieht etwas von den anderen.",
    state: { new: "Noch nicht gekoppelt", pairing: "Wird gekoppelt", locked: "Gesperrt", open: "Offen" },
  },

  devices: {
    title: "Meine Geräte",
    lead: "Jedes Gerät, das für Sie gekoppelt ist. Trennen Sie sofort ab, was Sie verloren haben.",
    loading: "Ihre Firma wird gefragt…",
    unnamed: "Ein Gerät ohne Namen",
    this: "Dieses Gerät",
    invited: (date) => `eingeladen am ${date}`,
    states: {
      unconfirmed: "Wartet auf seine Prüfzahl",
      active: "In Gebrauch",
      revoked: "Abgetrennt",
      wipePending: "Abgetrennt, noch nicht gelöscht",
      wiped: "Hat sich gelöscht",
      other: "In einem Zustand, den eine neuere App kennt",
    },
    compare: "Prüfzahl vergleichen",
    remove: "Abtrennen",
    gone: "Nicht mehr dabei",
  },

  removal: {
    title: (name) => `${name} abtrennen?`,
    text: "Es verliert seinen Zugang innerhalb einer Sekunde. Um zurückzukommen, braucht es einen neuen Kopplungscode.",
    wipe: "Es ist verloren: Es soll sich auch löschen",
    wipeHint: "Es löscht seine Schlüssel und was es von der Firma aufbewahrt, sobald es online ist und geöffnet wird.",
    yes: "Abtrennen",
    yesWipe: "Abtrennen und löschen",
    no: "Behalten",
  },

  newDevice: {
    note: "Ein neues Gerät von Ihnen wartet",
    compare: "Prüfzahl vergleichen",
    title: "Ist das Ihr neues Gerät?",
    lead: (name) => `${name} möchte zugelassen werden und zeigt eine Prüfzahl. Ist es diese?`,
    hint: "Wenn Sie nicht gerade ein Gerät gekoppelt haben oder es eine andere Zahl zeigt, hat vielleicht jemand Ihren Code kopiert: Lehnen Sie es ab und sagen Sie Ihrer Firma Bescheid.",
    yes: "Es zeigt diese Zahl",
    no: "Dieses Gerät ablehnen",
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

  restore: {
    way: "Aus einer Sicherung wiederherstellen",
    title: "Aus einer Sicherung wiederherstellen",
    lead: "Dieses Gerät wird zu dem, das die Sicherung enthält.",
    means: "Das Gerät, auf dem die Sicherung entstand, darf nicht weiter benutzt werden: Sobald eines der beiden seine Schlüssel ersetzt, weist Ihre Firma das andere ab.",
    choose: "Die Datei der Sicherung wählen",
    none: "Keine Datei gewählt",
    label: "Passphrase der Sicherung",
    fresh: "Wählen Sie eine Passphrase für dieses Gerät",
    submit: "Wiederherstellen",
  },

  locking: {
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

  toolbar: {
    label: "Bedienung der Seite",
    back: "Zurück",
    forward: "Vorwärts",
    reload: "Neu laden",
    stop: "Laden anhalten",
    portal: "Alle Websites",
    lock: "Sperren",
    address: "Adresse",
    encrypted: "Zwischen diesem Gerät und Ihrer Firma versiegelt",
    plain: "Bis zu Ihrer Firma versiegelt; innerhalb Ihrer Firma unverschlüsselt",
    question: (host) => `${host} liegt außerhalb Ihrer Firma.`,
    open: "Im Browser öffnen",
    stay: "Bleiben",
    untitled: "Lädt …",
    notice: {
      saved: (name) => `In Downloads gespeichert: ${name}`,
      notSaved: (name) => (name ? `Nicht gespeichert: ${name}` : "Die Datei wurde nicht gespeichert."),
      blocked: "Latchgate hat diesen Link nicht geöffnet.",
      notLoaded: "Die Seite wurde nicht geladen. Versuchen Sie es gleich noch einmal.",
    },
  },

  failure: {
    starting: "Latchgate startet …",
    code: "Code",
    copy: "Einzelheiten kopieren",
    copied: "Kopiert",
    notCopied: "Nicht kopiert",
  },

  failures,
};
