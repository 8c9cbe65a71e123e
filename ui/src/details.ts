/**
 * What a helper needs to know about a failure, and nothing that must not be told: no address, no name, no key. So it
 * is made of the code alone, and not of the words, which may hold an address.
 */
import type { Failure } from "./bindings";
import { failures } from "./texts/en.failures";

declare const __VERSION__: string;
declare const __LICENCE__: string;

export const VERSION = __VERSION__;
export const LICENCE = __LICENCE__;

export function detailsOf({ code }: Failure, now = new Date()): string {
  const known: Record<string, { message: string } | undefined> = failures;
  const lines = [`Latchgate ${VERSION}: ${code}`, known[code]?.message, now.toISOString(), navigator.userAgent];
  return lines.filter((line) => line !== undefined).join("\n");
}

/** Puts a text on the clipboard, and tells whether it is there. */
export async function copyText(text: string): Promise<boolean> {
  return (await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  )) || copySelected(text);
}

/** For a web view that keeps pages from the clipboard, but lets a person copy what is selected. */
function copySelected(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  const before = document.activeElement;
  (before?.parentElement ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
