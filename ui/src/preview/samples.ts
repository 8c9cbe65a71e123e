/** What the scenes show: a company, its sites, a person's devices and files. All of it is made up. */
import type { BrandView, CodeView, CompanyView, DeviceView, KeptView, PageLink, ProfileView, SiteView, UsageMonth } from "../bindings";
import type { DownloadView } from "../bindings-shell";

/** The moment at which every scene plays, in milliseconds: ages are the same in each picture. */
export const NOW = 1_794_000_000_000;

export const code: CodeView = { gatewayHost: "gateway.harbour-freight-lines.example", companyFingerprint: "4f2a 91c0 7d13 b85e", expired: false, printed: false };

export const profile: ProfileView = {
  company: "Harbour Freight Lines",
  person: "Maria Okonkwo",
  deviceLabel: "Maria’s laptop",
  gatewayHost: "gateway.harbour-freight-lines.example",
  companyFingerprint: "4f2a 91c0 7d13 b85e",
};

export const others: CompanyView[] = [
  { profile: "default-2", company: "Northlight Tools", gatewayHost: "gate.northlight.example", state: "locked", light: "unknown", shown: false },
  { profile: "default-3", company: "St. Brendan’s Hospital Foundation", gatewayHost: "access.st-brendans-hospital-foundation.example", state: "open", light: "good", shown: false },
];

const own = (label: string, state: DeviceView["state"], changes: Partial<DeviceView> = {}): DeviceView => ({
  id: label,
  label,
  state,
  this: false,
  invited: 1_790_000_000,
  checkCode: null,
  ...changes,
});
const waits = own("Maria’s new phone", "unconfirmed", { checkCode: "042 917" });
export const devices: DeviceView[] = [own("Maria’s laptop", "active", { this: true }), own("Old phone with a long name that somebody gave it", "active"), waits, own("Tablet", "wipePending"), own("Phone of 2024", "wiped")];

const square =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23b3452c'/%3E%3Cpath d='M8 22l6-12 4 8 2-3 4 7z' fill='%23fff'/%3E%3C/svg%3E";

export const sites: SiteView[] = [
  { name: "Wiki", url: "https://wiki.hfl.example", icon: "📚", group: "Everyday", reachable: null },
  { name: "Time sheets", url: "https://time.hfl.example", icon: "🕘", group: "Everyday", reachable: null },
  { name: "Canteen", url: "http://canteen.hfl.example:8080", icon: null, group: "Everyday", reachable: null },
  { name: "Travel requests and expenses of the northern branch", url: "https://travel-and-expenses.north.intranet.hfl.example", icon: null, group: "Everyday", reachable: null },
  { name: "Tickets", url: "https://tickets.hfl.example", icon: square, group: "IT", reachable: null },
  { name: "Build server", url: "https://ci.hfl.example", icon: null, group: "IT", reachable: false },
  { name: "Berth planning", url: "https://berths.hfl.example", icon: "⚓", group: null, reachable: null },
  { name: "Dashboards", url: "https://dash.hfl.example", icon: "📈", group: null, reachable: null },
];

const download = (id: number, name: string, changes: Partial<DownloadView> = {}): DownloadView => ({
  id,
  name,
  received: 18_400_000,
  total: 18_400_000,
  state: "done",
  canPause: false,
  canOpen: true,
  canRetry: false,
  ...changes,
});
export const downloads: DownloadView[] = [
  download(5, "label-printer-setup-4.2.exe", { state: "asking", received: 0, canOpen: false }),
  download(4, "berth-plan-2026-11.mp4", { state: "running", received: 734_000_000, total: 1_900_000_000, canPause: true, canOpen: false }),
  download(3, "archive-of-the-northern-branch-with-all-travel-requests-since-2019.zip", { state: "paused", received: 52_000, total: 80_200_000, canOpen: false }),
  download(2, "timetable.pdf"),
  download(1, "minutes.odt", { state: "broken", received: 310_000, canOpen: false, canRetry: true }),
];

const kept = (title: string, site: string, url: string, icon: string | null = null): PageLink => ({ url, title, site, icon });

export const pages: KeptView = {
  pinned: [
    kept("Travel – Handbook – Wiki", "Wiki", "https://wiki.hfl.example/handbook/travel", "📚"),
    kept("My time sheet", "Time sheets", "https://time.hfl.example/me", "🕘"),
    kept("Cranes out of order, all quays and all shifts of this week", "Tickets", "https://tickets.hfl.example/list?filter=cranes", square),
  ],
  recent: [
    kept("Berth 12: arrivals", "Berth planning", "https://berths.hfl.example/12", "⚓"),
    kept("Menu of the week", "Canteen", "http://canteen.hfl.example:8080/week"),
    kept("#4711 Gate does not open", "Tickets", "https://tickets.hfl.example/4711", square),
    kept("", "Build server", "https://ci.hfl.example/job/9"),
    kept("Quay load, last 24 hours", "Dashboards", "https://dash.hfl.example/quay", "📈"),
    kept("Expenses, October", "Travel requests and expenses of the northern branch", "https://travel-and-expenses.north.intranet.hfl.example/10"),
    kept("Night shift rules", "Wiki", "https://wiki.hfl.example/rules/night", "📚"),
  ],
};

const wordmark =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 96 48'%3E%3Cpath d='M4 34q11-9 22 0t22 0 22 0 22 0' fill='none' stroke='%23c4122f' stroke-width='6'/%3E%3Cpath d='M16 22V8m0 7h14m0 7V8M42 22V8h13m-13 7h10M66 8v14h12' fill='none' stroke='%231b2a4a' stroke-width='5'/%3E%3C/svg%3E";

/** Its yellow reads on no light ground, so that the screens must darken it. */
export const brand: BrandView = { accent: "#ffc20e", logo: wordmark, note: "On Saturday from 6 to 9 the time sheets are closed for maintenance. Questions? Call the help desk: 4100." };
/** Its navy reads on no dark ground. */
export const navy: BrandView = { accent: "#1b2a4a", logo: null, note: null };

export const usage: UsageMonth[] = [
  {
    month: "2026-11",
    sites: [
      { name: "Dashboards", url: "https://dash.hfl.example", sent: 41_300_000, received: 1_834_000_000 },
      { name: "Travel requests and expenses of the northern branch", url: "https://travel-and-expenses.north.intranet.hfl.example", sent: 212_400_000, received: 96_000_000 },
      { name: "Wiki", url: "https://wiki.hfl.example", sent: 3_120_000, received: 88_700_000 },
      { name: "Canteen", url: "http://canteen.hfl.example:8080", sent: 820, received: 61_000 },
    ],
  },
  { month: "2026-10", sites: [{ name: "Wiki", url: "https://wiki.hfl.example", sent: 2_000_000, received: 40_000_000 }] },
];

export const diagnostics = `latchgate 0.1.0 (linux, x86_64)
system: Debian GNU/Linux 12, WebKitGTK 2.50
made: 2026-11-06T21:20:00Z
language: en, appearance: system

companies: 1
company 1: open, vault in keychain, passphrase
  internet good, gateway good, company good
  answered 12 s ago, round trip 48 ms
  session: 1 of this unlock, age 412 s, records 1 203 sent, 5 410 received
  sites: 8 (7 https, 1 http), unreachable 1
  pages open: 2, downloads under way: 0

settings
  lock after 15 min, with the screen: yes
  erase after wrong passphrases: no
  backups: no, keep logins: no, keep recent: yes
  low data: no, text size: 100 %

failures, the last 5
  2026-11-06T20:02:11Z gateway-down
  2026-11-06T20:02:31Z no-network
  2026-11-05T07:14:50Z upstream-timeout
`;
