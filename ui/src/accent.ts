/**
 * A company's colour, made readable: as text on every ground of the screens, and as a ground for text.
 *
 * 1. Where screens are light it is darkened, where they are dark lightened, and by as little as it takes.
 * 2. What stands on it is white or black, whichever reads better.
 *
 * Contrast is that of WCAG 2.2, success criterion 1.4.3.
 */
export type Shades = {
  /** Texts, borders and what is pressed. */
  accent: string;
  /** The same below the pointer. */
  strong: string;
  /** A ground that `accent` and the ordinary text read on. */
  soft: string;
  /** What stands on `accent` and `strong`. */
  on: string;
};

export type Accent = { light: Shades; dark: Shades };

type Rgb = readonly [number, number, number];

/** The least contrast of a text with its ground. */
export const READABLE = 4.5;

/** What texts stand on in styles/tokens.css: paper, surface and sunk surface. */
export const GROUNDS = {
  light: ["#f5f4ef", "#ffffff", "#efeee8"],
  dark: ["#0f1615", "#182120", "#121a19"],
} as const;

const [WHITE, BLACK] = ["#ffffff", "#000000"] as const;
/** A colour is moved in so many steps from itself to black or white. */
const STEPS = 64;
/** How much of the colour is in its soft ground, and how far it moves below the pointer. */
const [SOFT, STRONG] = [0.12, 0.2];

/** Returns both sets of shades, or nothing for what is not `#rrggbb`. */
export function accentOf(colour: string): Accent | null {
  if (!/^#[\da-f]{6}$/i.test(colour)) return null;
  return { light: shadesOf(colour, GROUNDS.light, BLACK), dark: shadesOf(colour, GROUNDS.dark, WHITE) };
}

function shadesOf(colour: string, grounds: readonly string[], pole: string): Shades {
  const surface = grounds[1] ?? pole;
  for (let step = 0; step < STEPS; step++) {
    const accent = mix(colour, pole, step / STEPS);
    const soft = mix(surface, accent, SOFT);
    if ([...grounds, soft].every((ground) => contrast(accent, ground) >= READABLE)) return { accent, soft, strong: mix(accent, pole, STRONG), on: textOn(accent) };
  }
  return { accent: pole, soft: mix(surface, pole, SOFT), strong: pole, on: textOn(pole) };
}

/** White or black, whichever reads better on a colour. */
export function textOn(colour: string): string {
  return contrast(colour, WHITE) >= contrast(colour, BLACK) ? WHITE : BLACK;
}

/** The contrast of two colours, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Goes a share of the way from one colour to another. */
function mix(from: string, to: string, share: number): string {
  const target = channels(to);
  const mixed = channels(from).map((channel, index) => Math.round(channel + ((target[index] ?? channel) - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
}
