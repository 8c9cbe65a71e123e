/** What a person finds by a few letters, and in which order it stands. */
import type { PageLink, SiteView } from "../bindings";

/** Tells whether each of the words is in one of the texts, whatever their case and accents. */
export function finds(wanted: string, texts: string[]): boolean {
  const read = texts.map(folded);
  return folded(wanted)
    .split(/\s+/)
    .every((word) => read.some((text) => text.includes(word)));
}

export function findSites(sites: SiteView[], wanted: string): SiteView[] {
  return sites.filter(({ name, group, url }) => finds(wanted, [name, group ?? "", url]));
}

export function findPages(pages: PageLink[], wanted: string): PageLink[] {
  return pages.filter(({ title, site, url }) => finds(wanted, [title, site, url]));
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").trim();
}

/** Sites under one heading; without a name they are those that have none. */
export type Group = { name: string | null; sites: SiteView[] };

/** The company's order is kept: groups in the order of their first site, sites without a group at the end. */
export function groupsOf(sites: SiteView[]): Group[] {
  const named = new Map<string, SiteView[]>();
  for (const site of sites) named.set(site.group ?? "", [...(named.get(site.group ?? "") ?? []), site]);
  const rest = named.get("");
  named.delete("");
  const groups: Group[] = [...named].map(([name, sites]) => ({ name, sites }));
  return rest ? [...groups, { name: null, sites: rest }] : groups;
}

/** The host and port of an address. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
