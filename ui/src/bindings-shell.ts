// Generated from src-tauri/view.rs by `cargo test -p latchgate`. Do not edit.

/**
 * Which biometrics can unlock this device.
 */
export type Biometrics = "absent" | "face" | "finger";

/**
 * What the camera is doing.
 */
export type CameraState = "starting" | "running";

/**
 * What kind of device this is.
 */
export type DeviceInfo = { 
/**
 * A phone or a tablet.
 */
mobile: boolean, 
/**
 * What it can recognise its owner by.
 */
biometrics: Biometrics, 
/**
 * Whether logins of pages can be kept over a lock.
 */
keepsLogins: boolean, };

/**
 * What a person does in the bar above a page.
 */
export type PageAction = "back" | "forward" | "reload" | "stop" | "home" | "lock" | "zoomIn" | "zoomOut" | "zoomReset" | "fullScreen" | "print" | "pin" | "close" | "noted";

/**
 * How a search in a page goes on.
 */
export type FindStep = "begin" | "next" | "previous" | "end";

/**
 * What a person asked for by keyboard while the page had it; the bar does it.
 */
export type BarPart = "address" | "find" | "downloads";

/**
 * Such a wish.
 */
export type BarWish = { 
/**
 * What is wished for.
 */
part: BarPart, 
/**
 * Tells one wish from the next.
 */
number: number, };

/**
 * How far a download is.
 */
export type DownloadState = "asking" | "running" | "paused" | "done" | "broken" | "notWritten" | "locked";

/**
 * A file that a page gives to the person.
 */
export type DownloadView = { 
/**
 * Names it to `download_act`.
 */
id: number, 
/**
 * What it is called in the person's downloads.
 */
name: string, 
/**
 * How much is there, in bytes.
 */
received: number, 
/**
 * How much there is, in bytes, where the site says it.
 */
total: number | null, 
/**
 * How far it is.
 */
state: DownloadState, 
/**
 * Whether it can be held and go on later.
 */
canPause: boolean, 
/**
 * Whether it may be opened from here.
 */
canOpen: boolean, 
/**
 * Whether it can be fetched once more.
 */
canRetry: boolean, };

/**
 * What a person does with a download.
 */
export type DownloadAction = "keep" | "cancel" | "pause" | "resume" | "open" | "reveal" | "retry" | "clear";

/**
 * An intranet page as its bar shows it.
 */
export type PageView = { 
/**
 * The whole address.
 */
address: string, 
/**
 * Host and port of the address.
 */
host: string, 
/**
 * The page's own title.
 */
title: string, 
/**
 * Whether the site is `https`; plain `http` is sealed up to the company only.
 */
encrypted: boolean, 
/**
 * Whether it is loading.
 */
loading: boolean, 
/**
 * Whether there is a page to go back to.
 */
canGoBack: boolean, 
/**
 * Whether there is a page to go forward to.
 */
canGoForward: boolean, 
/**
 * How large it is shown, in percent.
 */
zoom: number, 
/**
 * Whether it has the whole screen; absent where a page always has it.
 */
fullScreen: boolean | null, 
/**
 * Whether it is kept in the portal.
 */
pinned: boolean, 
/**
 * How many places were found; absent while nothing is searched for.
 */
found: number | null, 
/**
 * What the person wants of the bar.
 */
wish: BarWish | null, 
/**
 * The company's downloads, the newest first.
 */
downloads: Array<DownloadView>, 
/**
 * What the person is asked.
 */
question: PageQuestion | null, 
/**
 * What has just happened.
 */
notice: PageNotice | null, };

/**
 * A link leads out of the company: open it in another program?
 */
export type PageQuestion = { 
/**
 * What opens it.
 */
kind: Leaving, 
/**
 * Where it leads to: a host, the readers of a letter, or a number.
 */
to: string, };

/**
 * How a link leaves the company.
 */
export type Leaving = "site" | "mail" | "phone";

/**
 * What has just happened on a page.
 */
export type PageNotice = { "kind": "saved", 
/**
 * Its name.
 */
name: string, } | { "kind": "notSaved", 
/**
 * Its name.
 */
name: string, } | { "kind": "blocked" } | { "kind": "notLoaded" } | { "kind": "notPinned" } | { "kind": "dropped" };

/**
 * A link from another program, which waits for the person's word.
 */
export type LinkView = { "kind": "page", 
/**
 * The whole address.
 */
address: string, 
/**
 * Its host.
 */
host: string, } | { "kind": "scan" };

/**
 * How the person wants the app to speak and to look.
 */
export type Look = { 
/**
 * The tag of the language in use, such as `de`.
 */
language: string, 
/**
 * Light or dark.
 */
appearance: Appearance, 
/**
 * What the proxy's own pages say.
 */
words: PageWords, };

/**
 * What the proxy's own pages say.
 */
export type PageWords = { 
/**
 * Failures by their codes; the app's own words stand where one is missing.
 */
failures: { [key in string]: FailureWords }, 
/**
 * Loads the page again.
 */
retry: string, 
/**
 * Stands before the code of a failure.
 */
code: string, 
/**
 * Stands above what helps a help desk.
 */
details: string, };

/**
 * The words of one failure.
 */
export type FailureWords = { 
/**
 * What happened.
 */
message: string, 
/**
 * What to do.
 */
advice: string, };

/**
 * Light or dark.
 */
export type Appearance = "system" | "light" | "dark";
