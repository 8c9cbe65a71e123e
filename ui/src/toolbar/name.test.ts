import { expect, test } from "vitest";

import { nameOf } from "./name";

test("a document without a title is called as its file", () => {
  expect(nameOf("https://wiki.example.com/reports/2026/Quarterly%20figures.pdf?page=2")).toBe("Quarterly figures.pdf");
});

test("a page without either is not called anything, least of all that it still loads", () => {
  for (const address of ["https://wiki.example.com/", "https://wiki.example.com/reports/", "about:blank/", "https://wiki.example.com/a%ZZ", ""]) expect(nameOf(address), address).toBe("");
});
