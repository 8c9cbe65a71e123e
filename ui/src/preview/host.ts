/** A host that has nothing behind it: it shows a scene, and does nothing. */
import type { AppView, CompanyView, Settings } from "../bindings";
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

export function hostOf(scene: Scene): Host {
  const view: AppView = {
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
  const shown: CompanyView = {
    profile: "default",
    company: view.profile?.company ?? "",
    gatewayHost: view.profile?.gatewayHost ?? "",
    state: view.screen.kind === "portal" ? "open" : view.screen.kind === "welcome" ? "new" : view.screen.kind === "pairing" ? "pairing" : "locked",
    light: view.status.company,
    shown: true,
  };
  const done = () => Promise.resolve();
  const fails = () => (scene.failure ? Promise.reject(scene.failure) : Promise.resolve());
  return {
    view: () => Promise.resolve({ app: view, companies: [shown, ...(scene.others ?? [])] }),
    onView: () => Promise.resolve(() => {}),
    deviceInfo: () => Promise.resolve({ mobile: false, biometrics: scene.biometrics ?? "absent" }),
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
    addCompany: done,
    leaveCompany: done,
    setSettings: done,
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
    pinPage: done,
    unpinPage: done,
    forgetRecent: done,
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
}
