import { expect, test } from "vitest";

import type { Light, StatusView } from "../bindings";
import { brokenAt, lightsOf, summaryOf } from "./lights";

const status = (internet: Light, gateway: Light, company: Light, answered: number | null = 1_794_000_000): StatusView => ({ internet, gateway, company, failure: null, answered });

test("a company that has not answered since the unlock is not called good", () => {
  const lights = lightsOf(status("good", "good", "good", null));
  expect(lights.company).toBe("waiting");
  expect(summaryOf(lights)).toBe("waiting");
});

test("a company that answered is called what it is", () => {
  expect(summaryOf(lightsOf(status("good", "good", "good")))).toBe("good");
  expect(lightsOf(status("good", "good", "bad")).company).toBe("bad");
});

test("nothing is claimed about what lies behind the first break", () => {
  const lights = lightsOf(status("bad", "good", "good"));
  expect(lights).toEqual({ internet: "bad", gateway: "unknown", company: "unknown" });
  expect(brokenAt(lights)).toBe(0);
  expect(summaryOf(lights)).toBe("bad");
});

test("before anything is known nothing is claimed", () => {
  expect(summaryOf(lightsOf(status("unknown", "unknown", "unknown", null)))).toBe("unknown");
});
