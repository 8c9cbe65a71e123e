/** Light or dark: as the system, or as the person chose on this device. A choice reaches every open window. */
export const APPEARANCES = ["system", "light", "dark"] as const;
export type Appearance = (typeof APPEARANCES)[number];

const STORED = "latchgate.appearance";

let chosen = $state<Appearance>("system");

export function appearance(): Appearance {
  return chosen;
}

export function setAppearance(wanted: Appearance): void {
  localStorage.setItem(STORED, wanted);
  take();
}

/** Takes up the person's choice and follows what becomes of it, in this window and in others. */
export function startAppearance(): void {
  take();
  addEventListener("storage", take);
}

function take(): void {
  const stored = localStorage.getItem(STORED);
  chosen = APPEARANCES.find((known) => known === stored) ?? "system";
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}
