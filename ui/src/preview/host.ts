/** A host that has nothing behind it: it shows a scene, and what a person does changes no more than the screens. */
import type { AppView, CompanyState, CompanyView, KeptView, PageLink, Settings, Snapshot } from "../bindings";
import type { Host } from "../host";
import { code, diagnostics, usage } from "./samples";
import { failure, failures, lights, type Scene } from "./scene";

const SETTINGS: Settings = {
  lockAfterMinutes: 15,
  lockWithScreen: true,
  eraseAfterTries: null,
  backups: false,
  keepLogins: false,
  keepRecent: true,
  lowData: false,
  textSize: 100,
};

/** What the screens asked for, in order: `deeds.mjs` reads it. */
const calls: unknown[][] = [];

export function hostOf(scene: Scene): Host {
  let app = viewOf(scene);
  let tell = (_: Snapshot) => {};
  const snapshot = (): Snapshot => ({ app, companies: [shownOf(app), ...(scene.others ?? [])] });
  const change = async (changes: Partial<AppView>) => {
    app = { ...app, ...changes };
    tell(snapshot());
  };
  const done = () => Promise.resolve();
  const fails = () => (scene.failure ? Promise.reject(scene.failure) : Promise.resolve());
  const host: Host = {
    view: () => Promise.resolve(snapshot()),
    onView: (listener) => {
      tell = listener;
      return Promise.resolve(() => {});
    },
    deviceInfo: () => Promise.resolve({ mobile: false, biometrics: scene.biometrics ?? "absent", keepsLogins: true }),
    present: done,
    link: () => Promise.resolve(scene.link ?? null),
    onLink: () => Promise.resolve(() => {}),
    answerLink: (open) => (open ? fails() : Promise.resolve()),
    readCode: () => fails().then(() => code),
    readPicture: () => Promise.reject(failures.noCode),
    scan: scene.scan ?? (() => new Promise(() => {})),
    stopScan: done,
    dropCode: done,
    pair: done,
    resumePairing: done,
    cancelPairing: done,
    confirmCheckCode: done,
    unlock: fails,
    lock: done,
    forget: done,
    showCompany: done,
    addCompany: () => change({ screen: { kind: "welcome" } }),
    leaveCompany: done,
    setSettings: (settings) => change({ settings }),
    bindBiometrics: done,
    unbindBiometrics: done,
    devices: () => fails().then(() => scene.devices ?? []),
    revokeDevice: done,
    confirmDevice: () => Promise.reject(failure("check-code-differs")),
    denyDevice: done,
    makeBackup: () => Promise.resolve("latchgate-harbour-freight-lines.lgb"),
    restoreBackup: () => Promise.reject(failure("backup-passphrase")),
    touch: done,
    openSite: () => Promise.reject(scene.site ?? failures.offline),
    pinPage: (url) => change({ kept: moved(app.kept, url) }),
    unpinPage: (url) => change({ kept: moved(app.kept, url) }),
    forgetRecent: () => change({ kept: { ...app.kept, recent: [] } }),
    forgetLogins: done,
    usage: () => fails().then(() => scene.usage ?? usage),
    diagnostics: () => fails().then(() => diagnostics),
    saveDiagnostics: () => Promise.resolve("latchgate-diagnostics-2026-11-06.txt"),
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
  Object.assign(globalThis, { calls });
  return new Proxy(host, {
    get: (target, name: keyof Host) => (...words: never[]) => {
      calls.push([name, ...words]);
      return (target[name] as (...words: never[]) => unknown)(...words);
    },
  });
}

/** A page that was pinned is so no more, and one that was not is. */
function moved({ pinned, recent }: KeptView, url: string): KeptView {
  const isIt = (page: PageLink) => page.url === url;
  const others = { pinned: pinned.filter((page) => !isIt(page)), recent: recent.filter((page) => !isIt(page)) };
  return pinned.some(isIt) ? { ...others, recent: [...pinned.filter(isIt), ...others.recent] } : { ...others, pinned: [...others.pinned, ...recent.filter(isIt)] };
}

function viewOf(scene: Scene): AppView {
  return {
    screen: scene.screen ?? { kind: "welcome" },
    profile: scene.profile ?? null,
    status: scene.status ?? lights("unknown", "unknown", "unknown"),
    sites: scene.sites ?? [],
    keychain: scene.keychain ?? "available",
    settings: { ...SETTINGS, ...scene.settings },
    method: "passphrase",
    bound: scene.bound ?? false,
    required: scene.required ?? { lockAfterMinutes: null, eraseAfterTries: null },
    away: scene.away ?? null,
    ended: scene.ended ?? null,
    brand: scene.brand ?? null,
    kept: scene.kept ?? { pinned: [], recent: [] },
  };
}

function shownOf({ screen, profile, status }: AppView): CompanyView {
  const states: Record<AppView["screen"]["kind"], CompanyState> = { portal: "open", welcome: "new", pairing: "pairing", locked: "locked", unlocking: "locked" };
  return { profile: "default", company: profile?.company ?? "", gatewayHost: profile?.gatewayHost ?? "", state: states[screen.kind], light: status.company, shown: true };
}
