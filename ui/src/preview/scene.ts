/** How scenes are made. */
import type { AwayView, BrandView, CodeView, CompanyView, DeviceView, Failure, KeptView, KeychainState, Light, PairingProgress, ProfileView, RequiredView, Screen, Settings, SiteView, StatusView, UsageMonth } from "../bindings";
import type { Biometrics, DownloadView, LinkView, PageView } from "../bindings-shell";
import type { ScanEvents } from "../host";
import type { StartAt } from "../place";
import { failures as words } from "../texts/en.failures";
import { press } from "./acts";
import { NOW, profile, sites } from "./samples";

/** A state of the app, as far as it is another one than usual. */
export interface Scene {
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
  kept?: KeptView;
  brand?: BrandView;
  link?: LinkView;
  usage?: UsageMonth[];
  /** Why no site opens. */
  site?: Failure;
  downloads?: DownloadView[];
}

export const failure = (code: keyof typeof words): Failure => ({ code, ...words[code] });
export const failures = {
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

/** When a company with this light last answered: a moment ago, a while ago, or not yet. */
const answeredOf = (company: Light): number | null => (company === "good" ? NOW / 1000 - 12 : company === "bad" ? NOW / 1000 - 320 : null);

export const lights = (internet: Light, gateway: Light, company: Light, failure: Failure | null = null, answered = answeredOf(company)): StatusView => ({
  internet,
  gateway,
  company,
  failure,
  answered,
});
export const pairing = (progress: Partial<PairingProgress>): Screen => ({
  kind: "pairing",
  progress: { step: "checking", checkCode: null, failure: null, resumable: false, ...progress },
});
export const locked = (failedAttempts: number, retryAfterSeconds: number | null, changes: Partial<Extract<Screen, { kind: "locked" }>> = {}): Scene => ({
  screen: { kind: "locked", failedAttempts, retryAfterSeconds, triesLeft: null, method: "passphrase", cause: "start", ...changes },
  profile,
});
export const portal = (scene: Scene = {}): Scene => ({ screen: { kind: "portal" }, profile, sites, status: lights("good", "good", "good"), ...scene });
/** A named cause, with the lights that belong to it. */
export const trouble = (status: StatusView): Scene => portal({ sites: sites.slice(0, 2), status });
/** A site that does not open, and why. */
export const closed = (site: Failure): Scene => portal({ sites: sites.slice(0, 2), site, act: () => press("site") });
export const page = (changes: Partial<PageView> = {}): Scene => ({
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
    pinned: false,
    found: null,
    wish: null,
    downloads: [],
    question: null,
    notice: null,
    ...changes,
  },
});
