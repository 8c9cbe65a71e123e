/**
 * Development only: shows any screen by its name without the app behind it, `?screen=NAME&theme=dark&lang=de&dir=rtl`.
 * `npm run screens` walks through all of them. What is shown here is made up.
 */
import type { Host } from "./host";
import { type LanguageChoice, setLanguage } from "./language.svelte";
import type { StartAt } from "./place";
import { choose, chooseFile, press, showSampleFrame, type, unfold, whenThere } from "./preview/acts";
import { hostOf } from "./preview/host";
import { brand, code, devices, downloads, navy, NOW, others, pages, profile } from "./preview/samples";
import { closed, failure, failures, lights, locked, page, pairing, portal, type Scene, trouble } from "./preview/scene";

const page4711 = { kind: "page", address: "https://tickets.hfl.example/4711", host: "tickets.hfl.example" } as const;
const longQuery = Array.from({ length: 24 }, (_, index) => `filter_${index}=quay%20${index}%20and%20all%20of%20its%20cranes`).join("&");

/** Every state that a person can meet. The names are the file names of the reference pictures. */
export const scenes: Record<string, Scene> = {
  welcome: {},
  "welcome-erased": { ended: failures.erased },
  "welcome-removed": { ended: failures.removed },
  restore: { startAt: { at: "restore" } },
  "restore-wrong": { startAt: { at: "restore" }, act: () => (chooseFile("backup-file", "latchgate-harbour.lgb"), type("restore-passphrase", "guess"), type("passphrase", "copper lantern tide"), type("passphrase-repeat", "copper lantern tide"), press("restore")) },
  "scan-starting": { startAt: { at: "scan" }, scan: () => new Promise(() => {}) },
  "scan-running": { startAt: { at: "scan" }, scan: showSampleFrame },
  "scan-none": { startAt: { at: "scan" }, scan: () => Promise.reject(failures.camera) },
  "scan-link": { link: page4711, scan: showSampleFrame },
  paste: { startAt: { at: "paste" } },
  "paste-damaged": { startAt: { at: "paste" }, failure: failures.damaged, act: () => (type("code-text", "LG1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDEXWK"), press("submit-code")) },
  confirm: { startAt: { at: "confirm", code } },
  "confirm-expired-printed": { startAt: { at: "confirm", code: { ...code, expired: true, printed: true } } },
  passphrase: { startAt: { at: "passphrase", code } },
  "passphrase-typed": {
    startAt: { at: "passphrase", code },
    act: () => (type("passphrase", "copper lantern tide"), type("passphrase-repeat", "copper lanten"), press("passphrase-show")),
  },
  "passphrase-biometric": { startAt: { at: "passphrase", code }, biometrics: "finger" },
  "passphrase-keychain-absent": { startAt: { at: "passphrase", code }, keychain: "absent" },
  "passphrase-keychain-locked": { startAt: { at: "passphrase", code }, keychain: "locked" },
  "passphrase-keychain-corrupt": { startAt: { at: "passphrase", code }, keychain: "corrupt" },
  "passphrase-keychain-denied": { startAt: { at: "passphrase", code }, keychain: "denied" },
  "pairing-checking": { screen: pairing({ step: "checking" }) },
  "pairing-connecting": { screen: pairing({ step: "connecting" }) },
  "pairing-check": { screen: pairing({ step: "confirming", checkCode: "042 917" }) },
  "pairing-done": { screen: pairing({ step: "done", checkCode: "042 917" }) },
  "pairing-used": { screen: pairing({ step: "claiming", failure: failures.used }) },
  "pairing-offline": { screen: pairing({ step: "connecting", failure: failures.offline, resumable: true }) },
  unlock: locked(0, null),
  "unlock-wrong": { ...locked(2, null), failure: failures.wrong, act: () => (type("unlock-passphrase", "guess"), press("unlock")) },
  "unlock-forget": { ...locked(2, null), act: () => press("forget") },
  "unlock-wait": locked(6, 95),
  "unlock-idle": locked(0, null, { cause: "idle" }),
  "unlock-last-tries": locked(8, null, { triesLeft: 2 }),
  "unlock-contact": { ...locked(0, null, { cause: "contact" }), away: { days: 86, waiting: true, erasesInDays: 4 } },
  "unlock-corrupt": { ...locked(0, null), keychain: "corrupt", failure: failure("keychain-corrupt"), act: () => (type("unlock-passphrase", "right"), press("unlock")) },
  "unlock-biometric": { ...locked(0, null, { method: "biometric" }), biometrics: "finger" },
  "unlock-bound": { ...locked(0, null), bound: true, biometrics: "finger" },
  "unlock-bound-changed": { ...locked(0, null), bound: true, biometrics: "finger", failure: failure("bound-key-changed"), act: () => press("unlock-biometric") },
  unlocking: { screen: { kind: "unlocking" }, profile },
  "unlock-link": { ...locked(0, null), link: { kind: "page", address: "https://wiki.hfl.example/handbook/travel", host: "wiki.hfl.example" } },
  portal: portal(),
  "portal-pages": portal({ kept: pages }),
  "portal-pages-all": portal({ kept: pages, act: () => press("all-recent") }),
  "portal-pages-search": portal({ kept: pages, act: () => type("search", "wi") }),
  "portal-pages-pinned": portal({ kept: { ...pages, recent: [] } }),
  "portal-brand": portal({ brand, kept: pages }),
  "portal-brand-navy": portal({ brand: navy, kept: pages, act: () => press("status") }),
  "portal-brand-waiting": portal({ brand, sites: [], status: lights("good", "good", "waiting") }),
  "portal-link": portal({ link: page4711 }),
  "portal-link-long": portal({ link: { ...page4711, address: `${page4711.address}?${longQuery}` } }),
  "portal-link-refused": portal({ link: page4711, failure: failure("site-not-allowed"), act: () => press("link-yes") }),
  "portal-away": { ...portal({ sites: [], status: lights("bad", "unknown", "bad", failures.noNetwork) }), away: { days: 14, waiting: true, erasesInDays: null } },
  "portal-search": portal({ act: () => type("search", "ti") }),
  "portal-no-match": portal({ act: () => type("search", "payroll") }),
  "portal-status": portal({ act: () => press("status") }),
  "portal-unanswered": portal({ status: lights("good", "good", "good", null, null), act: () => press("status") }),
  "portal-waiting": portal({ sites: [], status: lights("good", "good", "waiting") }),
  "portal-empty": portal({ sites: [] }),
  "portal-offline": portal({ status: lights("bad", "unknown", "bad", failures.noNetwork) }),
  "portal-sign-in": trouble(lights("bad", "unknown", "bad", failure("captive-portal"))),
  "portal-proxy": trouble(lights("bad", "unknown", "bad", failure("proxy-auth"))),
  "portal-dns": trouble(lights("unknown", "bad", "bad", failure("dns"))),
  "portal-gateway-down": trouble(lights("unknown", "bad", "bad", failure("gateway-down"))),
  "portal-intercepted": trouble(lights("good", "bad", "bad", failure("tls-intercepted"))),
  "portal-refused": { ...trouble(lights("good", "bad", "bad", failure("revoked"))), act: () => press("status") },
  "portal-company-offline": portal({ status: lights("good", "good", "bad", failures.offline), act: () => press("status") }),
  "portal-certificate-date": trouble(lights("good", "bad", "bad", failure("certificate-date"))),
  "portal-gateway-busy": trouble(lights("good", "waiting", "bad", failure("gateway-busy"))),
  "portal-gateway-other": trouble(lights("good", "bad", "bad", failure("gateway-incompatible"))),
  "portal-company-silent": trouble(lights("good", "good", "bad", failure("connector-silent"))),
  "portal-taken-over": trouble(lights("good", "bad", "bad", failure("taken-over"))),
  "portal-key-unknown": trouble(lights("good", "good", "bad", failure("key-unknown"))),
  "portal-not-confirmed": portal({ sites: [], status: lights("good", "good", "bad", failure("not-confirmed"), null) }),
  "portal-suspended": trouble(lights("good", "good", "good", failure("suspended"))),
  "portal-interrupted": trouble(lights("good", "waiting", "waiting", failure("tunnel-down"))),
  "portal-site-not-allowed": closed(failure("site-not-allowed")),
  "portal-site-unknown": closed(failure("site-unknown")),
  "portal-site-silent": closed(failure("upstream-unreachable")),
  "portal-site-slow": closed(failure("upstream-timeout")),
  "portal-site-certificate": closed(failure("upstream-certificate")),
  "device-forget": portal({ startAt: { at: "device" }, act: () => press("forget") }),
  device: portal({ startAt: { at: "device" } }),
  devices: portal({ startAt: { at: "devices" }, devices }),
  "devices-remove": portal({ startAt: { at: "devices" }, devices, act: () => press("remove-device-button") }),
  "devices-failed": portal({ startAt: { at: "devices" }, failure: failure("tunnel-down") }),
  "portal-new-device": portal({ devices }),
  "portal-new-device-compare": portal({ devices, act: () => press("new-device-compare") }),
  "portal-new-device-differs": portal({ devices, act: () => (press("new-device-compare"), setTimeout(() => press("confirm-device-yes"), 60)) }),
  "settings-backups": portal({ startAt: { at: "settings" }, settings: { backups: true } }),
  "backup-passphrase": portal({ startAt: { at: "settings" }, settings: { backups: true }, act: () => press("make-backup") }),
  settings: portal({ startAt: { at: "settings" } }),
  "settings-required": portal({ startAt: { at: "settings" }, settings: { lockAfterMinutes: 5, eraseAfterTries: 10 }, required: { lockAfterMinutes: 10, eraseAfterTries: 10 } }),
  "settings-bound": { ...portal({ startAt: { at: "settings" } }), bound: true, biometrics: "finger" },
  "settings-kept": portal({ startAt: { at: "settings" }, settings: { keepLogins: true, keepRecent: false, lowData: true, textSize: 125 } }),
  "settings-signed-out": portal({ startAt: { at: "settings" }, act: () => press("forget-logins") }),
  usage: portal({ startAt: { at: "settings" }, act: () => press("usage") }),
  "usage-month": portal({ startAt: { at: "settings" }, act: () => (press("usage"), whenThere("usage-month", () => choose("usage-month", "2026-10"))) }),
  "usage-none": portal({ startAt: { at: "settings" }, usage: [], act: () => press("usage") }),
  "usage-failed": portal({ startAt: { at: "settings" }, failure: failure("storage-failed"), act: () => press("usage") }),
  diagnostics: portal({ startAt: { at: "settings" }, act: () => press("diagnostics") }),
  "diagnostics-saved": portal({ startAt: { at: "settings" }, act: () => (press("diagnostics"), whenThere("save-diagnostics", () => press("save-diagnostics"))) }),
  "settings-sight": portal({ startAt: { at: "settings" }, act: () => unfold("settings-sight") }),
  "settings-about": portal({ startAt: { at: "settings" }, act: () => unfold("settings-about") }),
  "settings-licences": portal({ startAt: { at: "settings" }, act: () => unfold("settings-licences") }),
  companies: portal({ startAt: { at: "companies" }, others }),
  "companies-locked": { ...locked(0, null), startAt: { at: "companies" }, others },
  "companies-silent": portal({ startAt: { at: "companies" }, others: others.map((company) => (company.state === "open" ? { ...company, light: "bad" } : company)) }),
  "companies-link": portal({ link: { kind: "scan" } }),
  "welcome-another": { others: others.slice(0, 1) },
  toolbar: page(),
  "toolbar-loading": page({ loading: true, title: "", canGoForward: true }),
  "toolbar-plain": page({ address: "http://canteen.hfl.example:8080/", host: "canteen.hfl.example:8080", title: "Menu of the week", encrypted: false }),
  "toolbar-question": page({ question: { kind: "site", to: "www.weather-report.example" } }),
  "toolbar-question-mail": page({ question: { kind: "mail", to: "maria.lindqvist@weather-report.example" } }),
  "toolbar-question-phone": page({ question: { kind: "phone", to: "+45 12 34 56 78" } }),
  "toolbar-menu": { ...page({ zoom: 125 }), act: () => press("page-menu") },
  "toolbar-menu-pinned": { ...page({ pinned: true }), act: () => press("page-menu") },
  "toolbar-find": { ...page({ found: 12 }), act: () => (press("page-menu"), whenThere("menu-find", () => (press("menu-find"), whenThere("find-words", () => type("find-words", "travel"))))) },
  "toolbar-downloads": page({ downloads }),
  "portal-downloads": portal({ downloads, act: () => press("downloads") }),
  "toolbar-download": page({ notice: { kind: "saved", name: "timetable.pdf" } }),
};

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Lets the person act, and then says that the scene can be looked at. */
async function settle(scene: Scene): Promise<void> {
  while (!document.querySelector("[data-testid]:not([data-testid=screen-starting])")) await pause(10);
  if (scene.act) {
    scene.act();
    await pause(300);
  }
  if (scene.scan) await pause(300);
  await document.fonts.ready;
  requestAnimationFrame(() => requestAnimationFrame(() => (document.documentElement.dataset["shown"] = "yes")));
}

export function preview(query: URLSearchParams): { host: Host; startAt?: StartAt } {
  const theme = query.get("theme");
  if (theme) document.documentElement.dataset["theme"] = theme;
  document.documentElement.dir = query.get("dir") ?? "ltr";
  setLanguage((query.get("lang") ?? "en") as LanguageChoice);
  const scene = scenes[query.get("screen") ?? "welcome"] ?? {};
  // Ages are told as of this moment.
  Date.now = () => NOW;
  void settle(scene);
  const host = hostOf(scene);
  return scene.startAt ? { host, startAt: scene.startAt } : { host };
}
