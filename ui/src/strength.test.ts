import { expect, test } from "vitest";

import { strengthOf } from "./strength";

test("fewer than eight characters are too short", () => {
  expect(strengthOf("")).toBe(0);
  expect(strengthOf("Ab3$xyz")).toBe(0);
});

test("common words and repetitions are weak whatever their length", () => {
  expect(strengthOf("password123")).toBe(1);
  expect(strengthOf("aaaaaaaaaaaaaaaa")).toBe(1);
  expect(strengthOf("12345678")).toBe(1);
  expect(strengthOf("abababababababab")).toBe(1);
});

test("several unrelated words are strong", () => {
  expect(strengthOf("copper lantern tide walnut")).toBeGreaterThanOrEqual(3);
});

test("a longer passphrase is never weaker", () => {
  const words = "copper lantern tide walnut";
  const levels = [8, 12, 16, 20, 26].map((length) => strengthOf(words.slice(0, length)));
  expect(levels).toEqual([...levels].sort());
});

test("characters outside the basic plane count once", () => {
  expect(strengthOf("🦊🦊🦊🦊")).toBe(0);
});
