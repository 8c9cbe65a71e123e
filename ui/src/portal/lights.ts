/** What the three lights may say: each claims what is known, and no more. */
import type { Light, StatusView } from "../bindings";

/** From this device to the company. */
export const ROWS = ["internet", "gateway", "company"] as const;

export type Row = (typeof ROWS)[number];
export type Lights = Record<Row, Light>;

/** The lights as they are shown. */
export function lightsOf({ internet, gateway, company, answered }: StatusView): Lights {
  // An open socket is no answer: only an answer inside the sealed tunnel shows that the company is there.
  const lights: Lights = { internet, gateway, company: company === "good" && answered === null ? "waiting" : company };
  const broken = brokenAt(lights);
  // What lies behind the first break is not seen from here, whatever the last news of it were.
  for (const [index, row] of ROWS.entries()) if (broken >= 0 && index > broken) lights[row] = "unknown";
  return lights;
}

/** Where the way breaks: the index of the row, or -1. */
export function brokenAt(lights: Lights): number {
  return ROWS.findIndex((row) => lights[row] === "bad");
}

/** All of them in one. */
export function summaryOf(lights: Lights): Light {
  const shown = ROWS.map((row) => lights[row]);
  if (shown.includes("bad")) return "bad";
  if (shown.every((light) => light === "good")) return "good";
  return shown.includes("waiting") ? "waiting" : "unknown";
}
