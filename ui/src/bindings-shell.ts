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
biometrics: Biometrics, };

/**
 * What a person does in the bar above a page.
 */
export type PageAction = "back" | "forward" | "reload" | "stop" | "home" | "lock";

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
 * What the person is asked.
 */
question: PageQuestion | null, 
/**
 * What has just happened.
 */
notice: PageNotice | null, };

/**
 * A link leads out of the company: open it in the system's browser?
 */
export type PageQuestion = { 
/**
 * Where it leads to.
 */
host: string, };

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
name: string, } | { "kind": "blocked" } | { "kind": "notLoaded" };
