import { expect, test } from "vitest";

import { monthName, totalOf } from "./usage";

test("a total is the sum of what all sites sent and received", () => {
  expect(totalOf([{ sent: 1, received: 20 }, { sent: 300, received: 4000 }])).toEqual({ sent: 301, received: 4020, both: 4321 });
  expect(totalOf([])).toEqual({ sent: 0, received: 0, both: 0 });
});

test("a month has its name, wherever the device is", () => {
  expect(monthName("2026-11")).toBe("November 2026");
  expect(monthName("2026-01")).toBe("January 2026");
  expect(monthName("sometime")).toBe("sometime");
});
