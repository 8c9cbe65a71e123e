/**
 * Every word on screen, in the person's language. A new language is one more file of the same type, its name in
 * language.svelte.ts and one more line here.
 *
 * A component takes its part with `$derived(texts.part)`, so that it follows the person's choice at once.
 */
import type { Failure } from "./bindings";
import { type Language, language } from "./language.svelte";
import { de } from "./texts/de";
import { en, type Texts } from "./texts/en";
import { es } from "./texts/es";
import { fr } from "./texts/fr";

export type { Texts };

export const tables: Record<Language, Texts> = { en, de, fr, es };

/** Reads from the present language's table each time that it is asked. */
export const texts: Texts = new Proxy(en, {
  get: (_, part: keyof Texts) => tables[language()][part],
});

/**
 * Says a failure in the person's language. The app's own words stand where there are no others: in English, where
 * they may say more than the general ones, and for a code that this page does not know.
 */
export function inWords(failure: Failure): Failure {
  const known: Record<string, Omit<Failure, "code"> | undefined> = texts.failures;
  const said = language() === "en" ? undefined : known[failure.code];
  return said ? { ...said, code: failure.code } : failure;
}
