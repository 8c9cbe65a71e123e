import { expect, test } from "vitest";

import type { PageLink, SiteView } from "../bindings";
import { findPages, finds, findSites, groupsOf, hostOf } from "./find";

const site = (name: string, group: string | null = null): SiteView => ({ name, url: `https://${name.toLowerCase()}.example`, icon: null, group, reachable: null });
const page = (title: string, site: string): PageLink => ({ url: `https://${site.toLowerCase()}.example/42`, title, site, icon: null });

test("nothing wanted finds everything", () => {
  expect(findSites([site("Wiki"), site("Tickets")], " ").length).toBe(2);
});

test("sites are found by name, group and address", () => {
  const sites = [site("Wiki", "Everyday"), site("Tickets", "IT")];
  for (const wanted of ["wik", "EVERY", "wiki.exam"]) expect(findSites(sites, wanted).map(({ name }) => name)).toEqual(["Wiki"]);
});

test("pages are found by title, site and address", () => {
  const pages = [page("Travel – Handbook", "Wiki"), page("Broken crane", "Tickets")];
  for (const wanted of ["hand", "wiki", "wiki.example/42"]) expect(findPages(pages, wanted).map(({ title }) => title)).toEqual(["Travel – Handbook"]);
});

test("several words are found wherever each of them stands", () => {
  expect(finds("crane ticket", ["Broken crane", "Tickets"])).toBe(true);
  expect(finds("crane wiki", ["Broken crane", "Tickets"])).toBe(false);
});

test("accents and case do not matter", () => {
  expect(finds("echeance", ["Échéances"])).toBe(true);
  expect(finds("STRASSE", ["Straßenplan"])).toBe(true);
  expect(finds("über", ["Uberblick"])).toBe(true);
});

test("groups stand in the company's order, and sites without one at the end", () => {
  const groups = groupsOf([site("A"), site("B", "Two"), site("C", "One"), site("D", "Two")]);
  expect(groups.map(({ name, sites }) => [name, sites.map(({ name }) => name).join("")])).toEqual([
    ["Two", "BD"],
    ["One", "C"],
    [null, "A"],
  ]);
});

test("an address that is none stands for itself", () => {
  expect(hostOf("https://wiki.example:8443/x")).toBe("wiki.example:8443");
  expect(hostOf("nowhere")).toBe("nowhere");
});
