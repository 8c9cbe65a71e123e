/** What the keys do in the bar: the same as in the page below it, which the app hears for itself. */
import type { PageAction } from "../bindings-shell";

/** What unfolds below the bar. */
export type Panel = "menu" | "find" | "downloads";

export type Meaning = { act: PageAction } | { show: Panel } | "address" | "fold";

export type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

const ALONE: Record<string, Meaning> = {
  Escape: "fold",
  F3: { show: "find" },
  F5: { act: "reload" },
  F6: "address",
  F11: { act: "fullScreen" },
};

/** With Ctrl, or with Command on a Mac. */
const CONTROL: Record<string, Meaning> = {
  "+": { act: "zoomIn" },
  "=": { act: "zoomIn" },
  "-": { act: "zoomOut" },
  "0": { act: "zoomReset" },
  d: { act: "pin" },
  f: { show: "find" },
  j: { show: "downloads" },
  l: "address",
  p: { act: "print" },
  r: { act: "reload" },
  w: { act: "close" },
};

const ALT: Record<string, Meaning> = { ArrowLeft: { act: "back" }, ArrowRight: { act: "forward" }, Home: { act: "home" } };

export function meaningOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): Meaning | undefined {
  if (altKey) return known(ALT, key);
  if (ctrlKey || metaKey) return known(CONTROL, key);
  return shiftKey ? undefined : known(ALONE, key);
}

function known(keys: Record<string, Meaning>, key: string): Meaning | undefined {
  return Object.hasOwn(keys, key) ? keys[key] : undefined;
}
