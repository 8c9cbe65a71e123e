/**
 * Every word on screen, in the person's language. A new language is one more file of the same type and one more
 * line here.
 */
import { en } from "./texts/en";

export type Texts = typeof en;

const languages: Record<string, Texts> = { en };

export const language = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in languages) ?? "en";

export const texts: Texts = languages[language] ?? en;
