/** How long an unused code may stand in the field, in milliseconds. */
export const CLEARED_AFTER = 60_000;

/**
 * A code that the person pasted. It is there until it is used, or for a minute: a secret does not stay on a screen
 * that somebody walks away from.
 */
export class PastedCode {
  text = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes over what stands in the field. */
  put(text: string): void {
    this.clear();
    this.text = text;
    if (text !== "") this.#timer = setTimeout(() => this.clear(), CLEARED_AFTER);
  }

  /** Hands the code out, once. */
  take(): string {
    const text = this.text;
    this.clear();
    return text;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.text = "";
  }
}
