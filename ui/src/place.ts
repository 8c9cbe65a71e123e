import type { CodeView } from "./bindings";

/** The steps from the first start to the moment the code is used. Only the page knows them: nothing was sent yet. */
export type JoiningStep = { at: "welcome" } | { at: "scan" } | { at: "paste" } | { at: "restore" } | { at: "confirm"; code: CodeView } | { at: "passphrase"; code: CodeView };

/** Where a page begins. The app begins at the beginning; the preview may begin anywhere. */
export type StartAt = JoiningStep | { at: "device" } | { at: "settings" } | { at: "devices" } | { at: "companies" };
