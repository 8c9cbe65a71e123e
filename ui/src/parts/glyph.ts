/** A code point that no font draws, so that it looks like every missing one. */
const MISSING = "\u{10FFFF}";

/** Tells whether this system has a picture for an emoji: a desktop without an emoji font shows an empty box. */
export function isDrawable(text: string): boolean {
  return picture(text) !== picture(MISSING);
}

function picture(text: string): string {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [24, 24];
  const pen = canvas.getContext("2d");
  if (!pen) return text;
  pen.font = "16px sans-serif";
  pen.textBaseline = "top";
  pen.fillText(text, 2, 2);
  return canvas.toDataURL();
}
