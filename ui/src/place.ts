import type { CodeView } from "./bindings";

/** The steps from the first start to the moment the code is used. Only the page knows them: nothing was sent yet. */
export type JoiningStep = { at: "welcome" } | { at: "scan" } | { at: "paste" } | { at: "restore" } | { at: "confirm"; code: CodeView } | { at: "passphrase"; code: CodeView };

/** What can lie above the portal. */
type Panel = { at: "device" } | { at: "settings" } | { at: "devices" } | { at: "companies" };

/** Where a page begins. The app begins at the beginning; the preview may begin anywhere. */
export type StartAt = JoiningStep | Panel;

const PANELS: readonly StartAt["at"][] = ["device", "settings", "devices", "companies"] satisfies Panel["at"][];

export function joiningOf(start: StartAt | undefined): JoiningStep {
  return start === undefined || isPanel(start) ? { at: "welcome" } : start;
}

/** Which panels of the portal are open. */
export function panelOf(start: StartAt | undefined): { panelOpen: boolean; settingsOpen: boolean; devicesOpen: boolean } {
  const at = start?.at;
  return { panelOpen: at === "device" || at === "settings" || at === "devices", settingsOpen: at === "settings", devicesOpen: at === "devices" };
}

function isPanel(start: StartAt): start is Panel {
  return PANELS.includes(start.at);
}
