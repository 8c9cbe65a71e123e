import { startAppearance } from "./appearance.svelte";
import { type Host, tauriHost } from "./host";
import { startLanguage } from "./language.svelte";
import type { StartAt } from "./place";

/**
 * Picks what the page talks to: the app, or in development outside of it a preview that shows any screen by its
 * name. The preview is not part of the production bundle.
 */
export async function start(): Promise<{ host: Host; startAt?: StartAt }> {
  startAppearance();
  startLanguage();
  if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in window)) {
    const { preview } = await import("./preview");
    return preview(new URLSearchParams(location.search));
  }
  return { host: tauriHost() };
}
