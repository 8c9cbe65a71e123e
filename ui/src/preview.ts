/**
 * Development only: shows any screen by its name without the app behind it, `?screen=NAME&theme=dark&lang=de&dir=rtl`.
 * `npm run screens` walks through all of them. What is shown here is made up.
 */
import type { AppView, AwayView, CodeView, CompanyView, DeviceView, Failure, KeychainState, Light, PairingProgress, ProfileView, RequiredView, Screen, Settings, SiteView, StatusView } from "./bindings";
import type { Biometrics, DownloadView, PageView } from "./bindings-shell";
import type { Host, ScanEvents } from "./host";
import { type LanguageChoice, setLanguage } from "./language.svelte";
import type { StartAt } from "./place";
import { failures as words } from "./texts/en.failures";

interface Scene {
  screen?: Screen;
  startAt?: StartAt;
  keychain?: KeychainState;
  settings?: Partial<Settings>;
  required?: RequiredView;
  away?: AwayView;
  bound?: boolean;
  devices?: DeviceView[];
  /** More companies than the one that is shown. */
  others?: CompanyView[];
  biometrics?: Biometrics;
  sites?: SiteView[];
  status?: StatusView;
  profile?: ProfileView | null;
  scan?: (events: ScanEvents) => Promise<CodeView>;
  failure?: Failure;
  ended?: Failure;
  /** What the person does on the screen, before the picture is taken. */
  act?: () => void;
  page?: PageView;
  downloads?: DownloadView[];
}

const code: CodeView = { gatewayHost: "gateway.harbour-freight-lines.example", companyFingerprint: "4f2a 91c0 7d13 b85e", expired: false, printed: false };

const profile: ProfileView = {
  company: "Harbour Freight Lines",
  person: "Maria Okonkwo",
  deviceLabel: "Maria’s laptop",
  gatewayHost: "gateway.harbour-freight-lines.example",
  companyFingerprint: "4f2a 91c0 7d13 b85e",
};

const others: CompanyView[] = [
  { profile: "default-2", company: "Northlight Tools", gatewayHost: "gate.northlight.example", state: "locked", light: "unknown", shown: false },
  { profile: "default-3", company: "St. Brendan’s Hospital Foundation", gatewayHost: "access.st-brendans-hospital-foundation.example", state: "open", light: "good", shown: false },
];

const own = (label: string, state: DeviceView["state"], changes: Partial<DeviceView> = {}): DeviceView => ({
  id: label,
  label,
  state,
  this: false,
  invited: 1_790_000_000,
  checkCode: null,
  ...changes,
});
const waits = own("Maria’s new phone", "unconfirmed", { checkCode: "042 917" });
const devices: DeviceView[] = [own("Maria’s laptop", "active", { this: true }), own("Old phone with a long name that somebody gave it", "active"), waits, own("Tablet", "wipePending"), own("Phone of 2024", "wiped")];

const square =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23b3452c'/%3E%3Cpath d='M8 22l6-12 4 8 2-3 4 7z' fill='%23fff'/%3E%3C/svg%3E";

const sites: SiteView[] = [
  { name: "Wiki", url: "https://wiki.hfl.example", icon: "📚", group: "Everyday", reachable: null },
  { name: "Time sheets", url: "https://time.hfl.example", icon: "🕘", group: "Everyday", reachable: null },
  { name: "Canteen", url: "http://canteen.hfl.example:8080", icon: null, group: "Everyday", reachable: null },
  { name: "Travel requests and expenses of the northern branch", url: "https://travel-and-expenses.north.intranet.hfl.example", icon: null, group: "Everyday", reachable: null },
  { name: "Tickets", url: "https://tickets.hfl.example", icon: square, group: "IT", reachable: null },
  { name: "Build server", url: "https://ci.hfl.example", icon: null, group: "IT", reachable: false },
  { name: "Berth planning", url: "https://berths.hfl.example", icon: "⚓", group: null, reachable: null },
  { name: "Dashboards", url: "https://dash.hfl.example", icon: "📈", group: null, reachable: null },
];

const failure = (code: keyof typeof words): Failure => ({ code, ...words[code] });
const failures = {
  damaged: failure("code-damaged"),
  noCode: failure("picture-no-code"),
  used: failure("code-used"),
  offline: failure("connector-offline"),
  noNetwork: failure("no-network"),
  wrong: failure("wrong-passphrase"),
  erased: failure("erased-after-tries"),
  removed: failure("removed"),
  camera: failure("camera-none"),
};

const lights = (internet: Light, gateway: Light, company: Light, failure: Failure | null = null): StatusView => ({ internet, gateway, company, failure });
const pairing = (progress: Partial<PairingProgress>): Screen => ({
  kind: "pairing",
  progress: { step: "checking", checkCode: null, failure: null, resumable: false, ...progress },
});
const locked = (failedAttempts: number, retryAfterSeconds: number | null, changes: Partial<Extract<Screen, { kind: "locked" }>> = {}): Scene => ({
  screen: { kind: "locked", failedAttempts, retryAfterSeconds, triesLeft: null, method: "passphrase", cause: "start", ...changes },
  profile,
});
const portal = (scene: Scene = {}): Scene => ({ screen: { kind: "portal" }, profile, sites, status: lights("good", "good", "good"), ...scene });
/** A named cause, with the lights that belong to it. */
const trouble = (status: StatusView): Scene => portal({ sites: sites.slice(0, 2), status });
const download = (id: number, name: string, changes: Partial<DownloadView> = {}): DownloadView => ({
  id,
  name,
  received: 18_400_000,
  total: 18_400_000,
  state: "done",
  canPause: false,
  canOpen: true,
  canRetry: false,
  ...changes,
});
const downloads: DownloadView[] = [
  download(5, "label-printer-setup-4.2.exe", { state: "asking", received: 0, canOpen: false }),
  download(4, "berth-plan-2026-11.mp4", { state: "running", received: 734_000_000, total: 1_900_000_000, canPause: true, canOpen: false }),
  download(3, "archive-of-the-northern-branch-with-all-travel-requests-since-2019.zip", { state: "paused", received: 52_000, total: 80_200_000, canOpen: false }),
  download(2, "timetable.pdf"),
  download(1, "minutes.odt", { state: "broken", received: 310_000, canOpen: false, canRetry: true }),
];
const page = (changes: Partial<PageView> = {}): Scene => ({
  page: {
    address: "https://wiki.hfl.example/handbook/travel",
    host: "wiki.hfl.example",
    title: "Travel – Handbook – Wiki",
    encrypted: true,
    loading: false,
    canGoBack: true,
    canGoForward: false,
    zoom: 100,
    fullScreen: false,
    found: null,
    wish: null,
    downloads: [],
    question: null,
    notice: null,
    ...changes,
  },
});

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
  portal: portal(),
  "portal-away": { ...portal({ sites: [], status: lights("bad", "unknown", "bad", failures.noNetwork) }), away: { days: 14, waiting: true, erasesInDays: null } },
  "portal-search": portal({ act: () => type("search", "ti") }),
  "portal-no-match": portal({ act: () => type("search", "payroll") }),
  "portal-status": portal({ act: () => press("status") }),
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
  "settings-sight": portal({ startAt: { at: "settings" }, act: () => unfold("settings-sight") }),
  "settings-about": portal({ startAt: { at: "settings" }, act: () => unfold("settings-about") }),
  "settings-licences": portal({ startAt: { at: "settings" }, act: () => unfold("settings-licences") }),
  companies: portal({ startAt: { at: "companies" }, others }),
  "companies-locked": { ...locked(0, null), startAt: { at: "companies" }, others },
  "welcome-another": { others: others.slice(0, 1) },
  toolbar: page(),
  "toolbar-loading": page({ loading: true, title: "", canGoForward: true }),
  "toolbar-plain": page({ address: "http://canteen.hfl.example:8080/", host: "canteen.hfl.example:8080", title: "Menu of the week", encrypted: false }),
  "toolbar-question": page({ question: { host: "www.weather-report.example" } }),
  "toolbar-menu": { ...page({ zoom: 125 }), act: () => press("page-menu") },
  "toolbar-find": { ...page({ found: 12 }), act: () => (press("page-menu"), whenThere("menu-find", () => (press("menu-find"), whenThere("find-words", () => type("find-words", "travel"))))) },
  "toolbar-downloads": page({ downloads }),
  "portal-downloads": portal({ downloads, act: () => press("downloads") }),
  "toolbar-download": page({ notice: { kind: "saved", name: "timetable.pdf" } }),
};

function find<T extends HTMLElement>(testid: string): T {
  const found = document.querySelector<T>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`no ${testid} on this screen`);
  return found;
}

function type(testid: string, text: string): void {
  const field = find<HTMLInputElement>(testid);
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function chooseFile(testid: string, name: string): void {
  const files = new DataTransfer();
  files.items.add(new File(["LGB"], name));
  const field = find<HTMLInputElement>(testid);
  field.files = files.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function unfold(testid: string): void {
  find<HTMLDetailsElement>(testid).open = true;
}

/** As soon as something that the person does brings it. */
function whenThere(testid: string, then: () => void): void {
  if (document.querySelector(`[data-testid="${testid}"]`)) then();
  else setTimeout(() => whenThere(testid, then), 10);
}

/** After the screen has taken in what was typed. */
function press(testid: string): void {
  setTimeout(() => find(testid).click(), 50);
}

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

/** Draws a grey checkered card, as a camera might see it. */
function showSampleFrame(events: ScanEvents): Promise<CodeView> {
  const [width, height] = [320, 240];
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const card = x > 90 && x < 230 && y > 50 && y < 190;
      const dark = ((Math.floor(x / 7) * 31 + Math.floor(y / 7) * 17) ^ (Math.floor(x / 7) * Math.floor(y / 7))) % 3 === 0;
      luma[y * width + x] = card ? (dark ? 30 : 225) : 70 + (x + y) / 8;
    }
  }
  events.onState("running");
  setTimeout(() => events.onFrame({ width, height, luma }), 50);
  return new Promise(() => {});
}

export function preview(query: URLSearchParams): { host: Host; startAt?: StartAt } {
  const theme = query.get("theme");
  if (theme) document.documentElement.dataset["theme"] = theme;
  document.documentElement.dir = query.get("dir") ?? "ltr";
  setLanguage((query.get("lang") ?? "en") as LanguageChoice);
  const scene = scenes[query.get("screen") ?? "welcome"] ?? {};
  const view: AppView = {
    screen: scene.screen ?? { kind: "welcome" },
    profile: scene.profile ?? null,
    status: scene.status ?? lights("unknown", "unknown", "unknown"),
    sites: scene.sites ?? [],
    keychain: scene.keychain ?? "available",
    settings: { lockAfterMinutes: 15, lockWithScreen: true, eraseAfterTries: null, backups: false, ...scene.settings },
    method: "passphrase",
    bound: scene.bound ?? false,
    required: scene.required ?? { lockAfterMinutes: null, eraseAfterTries: null },
    away: scene.away ?? null,
    ended: scene.ended ?? null,
  };
  const shown: CompanyView = {
    profile: "default",
    company: view.profile?.company ?? "",
    gatewayHost: view.profile?.gatewayHost ?? "",
    state: view.screen.kind === "portal" ? "open" : view.screen.kind === "welcome" ? "new" : view.screen.kind === "pairing" ? "pairing" : "locked",
    light: view.status.company,
    shown: true,
  };
  const done = () => Promise.resolve();
  const readCode = () => (scene.failure ? Promise.reject(scene.failure) : Promise.resolve(code));
  void settle(scene);
  const host: Host = {
    view: () => Promise.resolve({ app: view, companies: [shown, ...(scene.others ?? [])] }),
    onView: () => Promise.resolve(() => {}),
    deviceInfo: () => Promise.resolve({ mobile: false, biometrics: scene.biometrics ?? "absent" }),
    readCode,
    readPicture: () => Promise.reject(failures.noCode),
    scan: scene.scan ?? (() => new Promise(() => {})),
    stopScan: done,
    dropCode: done,
    pair: done,
    resumePairing: done,
    cancelPairing: done,
    confirmCheckCode: done,
    unlock: () => (scene.failure ? Promise.reject(scene.failure) : Promise.resolve()),
    lock: done,
    forget: done,
    showCompany: done,
    addCompany: done,
    leaveCompany: done,
    setSettings: done,
    bindBiometrics: done,
    unbindBiometrics: done,
    devices: () => (scene.failure ? Promise.reject(scene.failure) : Promise.resolve(scene.devices ?? [])),
    revokeDevice: done,
    confirmDevice: () => Promise.reject(failure("check-code-differs")),
    denyDevice: done,
    makeBackup: () => Promise.resolve("latchgate-harbour-freight-lines.lgb"),
    restoreBackup: () => Promise.reject(failure("backup-passphrase")),
    touch: done,
    openSite: () => Promise.reject(failures.offline),
    watchPage: (listener) => Promise.resolve(scene.page && listener(scene.page)),
    pageAct: done,
    pageNavigate: done,
    pageAnswer: done,
    pageFind: done,
    pageFit: done,
    downloads: () => Promise.resolve(scene.downloads ?? []),
    onDownloads: () => Promise.resolve(() => {}),
    downloadAct: done,
  };
  return scene.startAt ? { host, startAt: scene.startAt } : { host };
}
