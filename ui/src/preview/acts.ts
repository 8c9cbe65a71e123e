/** What a person does on a screen, and what a camera sees, before its picture is taken. */
import type { CodeView } from "../bindings";
import type { ScanEvents } from "../host";

function find<T extends HTMLElement>(testid: string): T {
  const found = document.querySelector<T>(`[data-testid="${testid}"]`);
  if (!found) throw new Error(`no ${testid} on this screen`);
  return found;
}

export function type(testid: string, text: string): void {
  const field = find<HTMLInputElement>(testid);
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

export function chooseFile(testid: string, name: string): void {
  const files = new DataTransfer();
  files.items.add(new File(["LGB"], name));
  const field = find<HTMLInputElement>(testid);
  field.files = files.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

export function unfold(testid: string): void {
  find<HTMLDetailsElement>(testid).open = true;
}

/** As soon as something that the person does brings it. */
export function whenThere(testid: string, then: () => void): void {
  if (document.querySelector(`[data-testid="${testid}"]`)) then();
  else setTimeout(() => whenThere(testid, then), 10);
}

/** After the screen has taken in what was typed. */
export function press(testid: string): void {
  setTimeout(() => find(testid).click(), 50);
}

export function choose(testid: string, value: string): void {
  const list = find<HTMLSelectElement>(testid);
  list.value = value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Draws a grey checkered card, as a camera might see it. */
export function showSampleFrame(events: ScanEvents): Promise<CodeView> {
  const [width, height] = [320, 240];
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const card = x > 90 && x < 230 && y > 50 && y < 190;
      const dark = ((Math.floor(x / 7) * 31 + Math.floor(y / 7) * 17) ^ (Math.floor(x / 7) * Math.floor(y / 7))) % 3 === 0;
      luma[y * width + x] = card ? (dark ? 30 : 225) : 70 + (x + y) / 8;
    }
  }
  events.onState("running");
  setTimeout(() => events.onFrame({ width, height, luma }), 50);
  return new Promise(() => {});
}
