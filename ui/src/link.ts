/** What becomes of a link from another program, by where the person is. */
import type { CompanyView, Screen } from "./bindings";
import type { LinkView } from "./bindings-shell";

/**
 * - `ask`: whether the page may be opened.
 * - `note`: that a page waits until the person has unlocked.
 * - `scan`: the scanner, since there is nothing yet that could open the page.
 * - `add`: the companies, where one more is added.
 * - `later`: nothing for now; the link waits.
 */
export type Reply = "ask" | "note" | "scan" | "add" | "later";

export function replyTo(link: LinkView, screen: Screen["kind"], companies: Pick<CompanyView, "state">[]): Reply {
  if (screen === "pairing") return "later";
  if (link.kind === "scan") return screen === "welcome" ? "scan" : "add";
  switch (screen) {
    case "portal":
      return "ask";
    case "locked":
    case "unlocking":
      return "note";
    case "welcome":
      // One who adds a company goes back to the others before one of their pages can open.
      return companies.every(({ state }) => state === "new") ? "scan" : "later";
  }
}
