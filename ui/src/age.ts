/** How long ago something was, as a person says it. */
import { language } from "./language.svelte";

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

export type Age = { count: number; unit: "second" | "minute" | "hour" | "day" };

/** The largest unit that is full. A moment that lies ahead, by a clock that was set, is one second ago. */
export function ageOf(seconds: number): Age {
  if (seconds < MINUTE) return { count: Math.max(1, Math.floor(seconds)), unit: "second" };
  if (seconds < HOUR) return { count: Math.floor(seconds / MINUTE), unit: "minute" };
  if (seconds < DAY) return { count: Math.floor(seconds / HOUR), unit: "hour" };
  return { count: Math.floor(seconds / DAY), unit: "day" };
}

/** Says how long before `now`, in milliseconds, a moment in Unix seconds was, such as `12 seconds ago`. */
export function ago(moment: number, now: number): string {
  const { count, unit } = ageOf(now / 1000 - moment);
  return new Intl.RelativeTimeFormat(language(), { numeric: "always" }).format(-count, unit);
}
