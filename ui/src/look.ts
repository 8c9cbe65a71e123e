/** How the person wants the app to speak and look, for the pages that the app shows in a site's place. */
import { appearance } from "./appearance.svelte";
import type { Look } from "./bindings-shell";
import { language } from "./language.svelte";
import { texts } from "./texts";

export function lookOf(): Look {
  const { retry, code, details } = texts.errorPage;
  return { language: language(), appearance: appearance(), words: { failures: texts.failures, retry, code: code + texts.common.colon, details } };
}
