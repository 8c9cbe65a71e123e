import type { Host } from "./host";

/** How often the app is told that somebody is there, in milliseconds. */
const EVERY = 10_000;

/** Tells the app when somebody types, points or scrolls on this page; returns how to stop. */
export function followPerson(host: Pick<Host, "touch">): () => void {
  let told = -EVERY;
  const tell = (event: Event) => {
    if (event.timeStamp - told < EVERY) return;
    told = event.timeStamp;
    // A page that is about to be closed has nobody to tell.
    host.touch().catch(() => {});
  };
  const events = ["keydown", "pointerdown", "pointermove", "wheel"];
  for (const event of events) addEventListener(event, tell, { passive: true });
  return () => {
    for (const event of events) removeEventListener(event, tell);
  };
}
