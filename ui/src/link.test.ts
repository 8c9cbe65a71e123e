import { expect, test } from "vitest";

import type { CompanyState } from "./bindings";
import type { LinkView } from "./bindings-shell";
import { replyTo } from "./link";

const page: LinkView = { kind: "page", address: "https://wiki.example/a", host: "wiki.example" };
const scan: LinkView = { kind: "scan" };
const companies = (...states: CompanyState[]) => states.map((state) => ({ state }));

test("a page is opened only after the person was asked", () => {
  expect(replyTo(page, "portal", companies("open"))).toBe("ask");
});

test("while the app is locked a page waits", () => {
  expect(replyTo(page, "locked", companies("locked"))).toBe("note");
  expect(replyTo(page, "unlocking", companies("locked"))).toBe("note");
});

test("with nothing paired, whatever link opens the scanner", () => {
  expect(replyTo(page, "welcome", companies("new"))).toBe("scan");
  expect(replyTo(page, "welcome", [])).toBe("scan");
  expect(replyTo(scan, "welcome", companies("new"))).toBe("scan");
});

test("who is paired scans for one more company", () => {
  expect(replyTo(scan, "portal", companies("open"))).toBe("add");
  expect(replyTo(scan, "locked", companies("locked"))).toBe("add");
  expect(replyTo(scan, "welcome", companies("open", "new"))).toBe("scan");
});

test("a page of another company waits while one is added", () => {
  expect(replyTo(page, "welcome", companies("open", "new"))).toBe("later");
});

test("nothing comes between the steps of a pairing", () => {
  expect(replyTo(page, "pairing", companies("pairing"))).toBe("later");
  expect(replyTo(scan, "pairing", companies("pairing"))).toBe("later");
});
