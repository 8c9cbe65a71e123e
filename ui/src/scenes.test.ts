import { expect, test } from "vitest";

import { scenes } from "./preview";

/** What the line above the sites says when the way to the company is not whole. */
const OF_THE_WAY = [
  "no-network",
  "dns",
  "captive-portal",
  "proxy-auth",
  "tls-intercepted",
  "certificate-date",
  "gateway-down",
  "gateway-busy",
  "gateway-incompatible",
  "connector-offline",
  "connector-silent",
  "tunnel-down",
  "taken-over",
  "key-unknown",
  "not-confirmed",
  "suspended",
  "revoked",
];
/** What it says when a site does not open. */
const OF_A_SITE = ["site-not-allowed", "site-unknown", "upstream-unreachable", "upstream-timeout", "upstream-certificate"];

test("every failure of the way and of a site has a scene", () => {
  const shown = Object.values(scenes);
  const way = shown.map(({ status }) => status?.failure?.code);
  const site = shown.map(({ site }) => site?.code);
  expect(OF_THE_WAY.filter((code) => !way.includes(code))).toEqual([]);
  expect(OF_A_SITE.filter((code) => !site.includes(code))).toEqual([]);
});

test("no scene looks at the clock of the machine", () => {
  const ages = Object.values(scenes).flatMap(({ status }) => (status?.answered == null ? [] : [status.answered]));
  expect(ages.length).toBeGreaterThan(20);
  expect(ages.every((moment) => moment < 1_794_000_000 && moment > 1_793_999_000)).toBe(true);
});
