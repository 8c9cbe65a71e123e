/**
 * The language of the screens: the system's, or the one that the person chose on this device. A choice reaches every
 * open window of the app, and no screen loses what it holds.
 */

/** Every language in its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français", es: "Español" } as const;

export type Language = keyof typeof LANGUAGES;
export type LanguageChoice = Language | "system";

const STORED = "latchgate.language";

let choice = $state<LanguageChoice>("system");
let system = $state<Language>("en");

/** The language to speak. */
export function language(): Language {
  return choice === "system" ? system : choice;
}

export function languageChoice(): LanguageChoice {
  return choice;
}

/** Speaks another language from this moment on, and after the next start. */
export function setLanguage(wanted: LanguageChoice): void {
  choice = wanted;
  localStorage.setItem(STORED, wanted);
  declare();
}

/** Takes up the person's choice and follows what becomes of it, in this window and in others. */
export function startLanguage(): void {
  const take = () => {
    choice = understood(localStorage.getItem(STORED)) ?? "system";
    system = preferred(navigator.languages);
    declare();
  };
  take();
  addEventListener("languagechange", take);
  addEventListener("storage", take);
}

/** The first of these language tags that the app speaks. */
export function preferred(tags: readonly string[]): Language {
  return tags.map((tag) => understood(tag.split("-")[0]?.toLowerCase() ?? null)).find((known) => known !== null) ?? "en";
}

function understood(name: string | null): Language | null {
  return name !== null && Object.hasOwn(LANGUAGES, name) ? (name as Language) : null;
}

/** Tells the browser, which hyphenates and reads aloud by it. */
function declare(): void {
  document.documentElement.lang = language();
}
