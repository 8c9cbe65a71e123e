/** How much data was used, in sums and months as people read them. */
import type { SiteUsage } from "../bindings";
import { language } from "../language.svelte";

export type Total = { received: number; sent: number; both: number };

export function totalOf(sites: Pick<SiteUsage, "sent" | "received">[]): Total {
  const sum = (part: "sent" | "received") => sites.reduce((sum, site) => sum + site[part], 0);
  const [received, sent] = [sum("received"), sum("sent")];
  return { received, sent, both: received + sent };
}

/** Says a month such as `2026-11` in the person's language. */
export function monthName(month: string): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? month : new Intl.DateTimeFormat(language(), { month: "long", year: "numeric", timeZone: "UTC" }).format(date);
}
