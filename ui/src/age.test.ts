import { expect, test } from "vitest";

import { ageOf, ago } from "./age";

test("an age is told in the largest unit that is full", () => {
  const ages = [0.4, 1, 59.9, 60, 119, 3599, 3600, 86_399, 86_400, 200_000].map(ageOf).map(({ count, unit }) => `${count} ${unit}`);
  expect(ages).toEqual(["1 second", "1 second", "59 second", "1 minute", "1 minute", "59 minute", "1 hour", "23 hour", "1 day", "2 day"]);
});

test("an answer from the future is a moment ago", () => {
  expect(ageOf(-500)).toEqual({ count: 1, unit: "second" });
});

test("an age is told in the person's words", () => {
  expect(ago(1_794_000_000, 1_794_000_012_300)).toBe("12 seconds ago");
  expect(ago(1_794_000_000, 1_794_000_000_000 + 60_000)).toBe("1 minute ago");
});
