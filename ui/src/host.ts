/**
 * The one door between the screens and the app. No other file imports `@tauri-apps`.
 *
 * 1. A page asks for the whole view once, and then receives every change as a whole snapshot.
 * 2. What the person does becomes one call; its result shows in the next snapshot.
 * 3. A call that fails throws a {@link Failure}: what happened, and what to do about it.
 *
 * A pairing code is handed over at once and stays in the app; pages only see what it says about the company.
 */
import { Channel, invoke } from "@tauri-apps/api/core";
import { type Event, listen } from "@tauri-apps/api/event";

import type { CodeView, DeviceView, Failure, Settings, Snapshot, UsageMonth } from "./bindings";
import type { CameraState, DeviceInfo, DownloadAction, DownloadView, FindStep, LinkView, Look, PageAction, PageView } from "./bindings-shell";
import { failures } from "./texts/en.failures";

export type Unsubscribe = () => void;

/** How the person proves that the device is theirs. */
export type UnlockInput = { kind: "passphrase"; passphrase: string } | { kind: "biometric" };

/** A small grey picture from the camera: `width × height` bytes of brightness. */
export interface Frame {
  width: number;
  height: number;
  luma: Uint8Array;
}

export interface ScanEvents {
  onFrame(frame: Frame): void;
  onState(state: CameraState): void;
}

export interface Host {
  view(): Promise<Snapshot>;
  onView(listener: (snapshot: Snapshot) => void): Promise<Unsubscribe>;
  deviceInfo(): Promise<DeviceInfo>;
  /** Says how the person wants the app to speak and look, for pages that are not made here. */
  present(look: Look): Promise<void>;

  /** What another program wants to be opened, while it waits for the person's word. */
  link(): Promise<LinkView | null>;
  onLink(listener: (link: LinkView | null) => void): Promise<Unsubscribe>;
  answerLink(open: boolean): Promise<void>;

  readCode(text: string): Promise<CodeView>;
  readPicture(picture: Blob): Promise<CodeView>;
  /** Runs the camera until a code is seen; throws when it is stopped or there is no camera. */
  scan(events: ScanEvents): Promise<CodeView>;
  stopScan(): Promise<void>;
  dropCode(): Promise<void>;

  pair(secret: UnlockInput): Promise<void>;
  resumePairing(): Promise<void>;
  cancelPairing(): Promise<void>;
  confirmCheckCode(): Promise<void>;

  unlock(secret: UnlockInput): Promise<void>;
  lock(): Promise<void>;
  forget(): Promise<void>;
  showCompany(profile: string): Promise<void>;
  /** Shows the way to pair with one more company. */
  addCompany(): Promise<void>;
  /** Goes back to a company that is paired. */
  leaveCompany(): Promise<void>;
  setSettings(settings: Settings): Promise<void>;
  /** Lets a finger or a face open the vault, beside the passphrase; or not any more. */
  bindBiometrics(): Promise<void>;
  unbindBiometrics(): Promise<void>;
  /** The person's own devices, as the company knows them. */
  devices(): Promise<DeviceView[]>;
  revokeDevice(id: string, wipe: boolean): Promise<void>;
  confirmDevice(id: string, checkCode: string): Promise<void>;
  denyDevice(id: string): Promise<void>;
  /** Saves a backup to the downloads and returns its name. */
  makeBackup(passphrase: string): Promise<string>;
  restoreBackup(backup: Blob, passphrase: string, secret: UnlockInput): Promise<void>;
  /** Somebody is there: the device does not lock under their hands. */
  touch(): Promise<void>;
  /** Opens a site, or a page of one. */
  openSite(url: string): Promise<void>;
  pinPage(url: string, title: string): Promise<void>;
  unpinPage(url: string): Promise<void>;
  forgetRecent(): Promise<void>;
  /** Signs the person out of every site. */
  forgetLogins(): Promise<void>;
  /** How much data each site used, the newest month first. */
  usage(): Promise<UsageMonth[]>;
  /** What a helper may see of this device. */
  diagnostics(): Promise<string>;
  /** Saves the text that was shown last to the downloads and returns the file's name. */
  saveDiagnostics(): Promise<string>;

  /** Follows the page below this bar, beginning with its present state. */
  watchPage(listener: (page: PageView) => void): Promise<void>;
  pageAct(action: PageAction): Promise<void>;
  pageNavigate(address: string): Promise<void>;
  pageAnswer(open: boolean): Promise<void>;
  pageFind(words: string, step: FindStep): Promise<void>;
  /** Gives this bar the height that it needs, in pixels. */
  pageFit(height: number): Promise<void>;

  downloads(): Promise<DownloadView[]>;
  onDownloads(listener: (downloads: DownloadView[]) => void): Promise<Unsubscribe>;
  downloadAct(id: number, action: DownloadAction): Promise<void>;
}

/** Talks to the Rust side of the app. */
export function tauriHost(): Host {
  return {
    view: () => invoke("view"),
    onView: (listener) => listen("view", (event: Event<Snapshot>) => listener(event.payload)),
    deviceInfo: () => invoke("device_info"),
    present: (look) => invoke("present", { look }),

    link: () => invoke("link"),
    onLink: (listener) => listen("link", (event: Event<LinkView | null>) => listener(event.payload)),
    answerLink: (open) => invoke("answer_link", { open }),

    readCode: (text) => invoke("read_code", { text }),
    readPicture: async (picture) => invoke("read_picture", await picture.arrayBuffer()),
    scan: async (events) => {
      const { mobile } = await invoke<DeviceInfo>("device_info");
      return mobile ? scanOnPhone(events) : scanOnDesktop(events);
    },
    stopScan: async () => {
      const { mobile } = await invoke<DeviceInfo>("device_info");
      await invoke(mobile ? "plugin:barcode-scanner|cancel" : "stop_scan");
    },
    dropCode: () => invoke("drop_code"),

    pair: (secret) => invoke("pair", { secret }),
    resumePairing: () => invoke("resume_pairing"),
    cancelPairing: () => invoke("cancel_pairing"),
    confirmCheckCode: () => invoke("confirm_check_code"),

    unlock: (secret) => invoke("unlock", { secret }),
    lock: () => invoke("lock"),
    forget: () => invoke("forget"),
    showCompany: (profile) => invoke("show_company", { profile }),
    addCompany: () => invoke("add_company"),
    leaveCompany: () => invoke("leave_company"),
    setSettings: (settings) => invoke("set_settings", { settings }),
    bindBiometrics: () => invoke("bind_biometrics"),
    unbindBiometrics: () => invoke("unbind_biometrics"),
    devices: () => invoke("devices"),
    revokeDevice: (id, wipe) => invoke("revoke_device", { id, wipe }),
    confirmDevice: (id, checkCode) => invoke("confirm_device", { id, checkCode }),
    denyDevice: (id) => invoke("deny_device", { id }),
    makeBackup: (passphrase) => invoke("make_backup", { passphrase }),
    restoreBackup: async (backup, passphrase, secret) => {
      await invoke("take_backup", await backup.arrayBuffer());
      await invoke("restore_backup", { passphrase, secret });
    },
    touch: () => invoke("touch"),
    openSite: (url) => invoke("open_site", { url }),
    pinPage: (url, title) => invoke("pin_page", { url, title }),
    unpinPage: (url) => invoke("unpin_page", { url }),
    forgetRecent: () => invoke("forget_recent"),
    forgetLogins: () => invoke("forget_logins"),
    usage: () => invoke("usage"),
    diagnostics: () => invoke("diagnostics"),
    saveDiagnostics: () => invoke("save_diagnostics"),

    watchPage: (listener) => invoke("watch_page", { snapshots: new Channel<PageView>(listener) }),
    pageAct: (action) => invoke("page_act", { action }),
    pageNavigate: (address) => invoke("page_navigate", { address }),
    pageAnswer: (open) => invoke("page_answer", { open }),
    pageFind: (words, step) => invoke("page_find", { words, step }),
    pageFit: (height) => invoke("page_fit", { height }),

    downloads: () => invoke("downloads"),
    onDownloads: (listener) => listen("downloads", (event: Event<DownloadView[]>) => listener(event.payload)),
    downloadAct: (id, action) => invoke("download_act", { id, action }),
  };
}

function scanOnDesktop(events: ScanEvents): Promise<CodeView> {
  const frames = new Channel<ArrayBuffer>((bytes) => {
    const frame = decodeFrame(bytes);
    if (frame) events.onFrame(frame);
  });
  const states = new Channel<CameraState>((state) => events.onState(state));
  return invoke("scan", { frames, states });
}

/** The system's own screen looks for the code, once the person has let it use the camera. */
async function scanOnPhone(events: ScanEvents): Promise<CodeView> {
  const allowed = await invoke<{ camera: string }>("plugin:barcode-scanner|request_permissions");
  if (allowed.camera !== "granted") throw { code: "camera-refused", ...failures["camera-refused"] } satisfies Failure;
  events.onState("running");
  const found = await invoke<{ content: string }>("plugin:barcode-scanner|scan", { formats: ["QR_CODE"] });
  return invoke("read_code", { text: found.content });
}

/** Reads `width u16 LE | height u16 LE | luma`. */
function decodeFrame(bytes: ArrayBuffer): Frame | null {
  if (bytes.byteLength < 4) return null;
  const header = new DataView(bytes);
  const width = header.getUint16(0, true);
  const height = header.getUint16(2, true);
  const luma = new Uint8Array(bytes, 4);
  return luma.length === width * height && luma.length > 0 ? { width, height, luma } : null;
}

/** Turns whatever a call threw into something that a person can read. */
export function asFailure(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  console.error(thrown);
  return { code: "unexpected", ...failures.unexpected };
}

function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && "advice" in value;
}
