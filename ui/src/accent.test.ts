import { expect, test } from "vitest";

import { accentOf, contrast, GROUNDS, READABLE, textOn } from "./accent";

const sheets = import.meta.glob<string>("./styles/tokens.css", { query: "?raw", import: "default", eager: true });
const tokens = Object.values(sheets).join("");
const INK = { light: "#14201e", dark: "#e9efed" };

/** Colours all over the cube, the corners too. */
const levels = [0, 36, 73, 109, 146, 182, 219, 255].map((level) => level.toString(16).padStart(2, "0"));
const colours = levels.flatMap((red) => levels.flatMap((green) => levels.map((blue) => `#${red}${green}${blue}`)));

test("contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.478, 3);
  expect(contrast("#ff0000", "#0000ff")).toBe(contrast("#0000ff", "#ff0000"));
});

test.each(["light", "dark"] as const)("any company's colour reads on every ground of a %s screen, and what stands on it as well", (theme) => {
  const pairs = colours.flatMap((colour) => {
    const { accent, strong, soft, on } = accentOf(colour)?.[theme] ?? expect.fail(colour);
    const grounds = [...GROUNDS[theme], soft].map((ground) => [accent, ground]);
    return [...grounds, [on, accent], [on, strong], [INK[theme], soft]].map((pair) => ({ colour, pair, contrast: contrast(pair[0] ?? "", pair[1] ?? "") }));
  });
  expect(pairs.length).toBeGreaterThan(3000);
  expect(pairs.filter(({ contrast }) => contrast < READABLE)).toEqual([]);
});

test("a colour that reads stays as it is, and another one moves no further than it must", () => {
  expect(accentOf("#0d5c52")?.light.accent).toBe("#0d5c52");
  expect(accentOf("#5fc4b2")?.dark.accent).toBe("#5fc4b2");
  const { accent } = accentOf("#ffcc00")?.light ?? expect.fail();
  expect(contrast(accent, GROUNDS.light[2])).toBeGreaterThanOrEqual(READABLE);
  expect(contrast(accent, GROUNDS.light[2])).toBeLessThan(READABLE + 0.4);
});

test("a colour keeps its hue", () => {
  const { accent } = accentOf("#e4002b")?.dark ?? expect.fail();
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => Number.parseInt(accent.slice(start, start + 2), 16));
  expect(red).toBeGreaterThan(blue);
  expect(blue).toBeGreaterThan(green);
});

test("white or black stands on a colour, whichever reads better", () => {
  expect([textOn("#0d5c52"), textOn("#ffcc00")]).toEqual(["#ffffff", "#000000"]);
});

test.each(["", "red", "#fff", "#12345", "#1234567", "#gggggg", "url(x)", "#000000;x"])("%j is no colour", (text) => {
  expect(accentOf(text)).toBeNull();
});

test("the grounds are those of the screens", () => {
  for (const [index, name] of ["paper", "surface", "surface-sunk"].entries()) {
    expect(tokens).toContain(`--${name}: light-dark(${GROUNDS.light[index]}, ${GROUNDS.dark[index]});`);
  }
  expect(tokens).toContain(`--ink: light-dark(${INK.light}, ${INK.dark});`);
});

test("who asks for more contrast keeps the app's own colours", () => {
  const [, guarded = ""] = tokens.split("@media (prefers-contrast: no-preference) and (forced-colors: none)");
  expect(guarded).toContain("var(--brand-");
  expect(tokens.split("@media")[0]).not.toContain("var(--brand-");
});
