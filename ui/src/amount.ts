/** Numbers as the person's language writes them. */
import { language } from "./language.svelte";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A number of bytes, in the unit that leaves at most three digits before the comma. */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  const unit = UNITS[power] ?? "byte";
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: power > 1 && amount < 100 ? 1 : 0 }).format(amount);
}

/** A share, such as `125 %`. */
export function percent(hundredths: number): string {
  return new Intl.NumberFormat(language(), { style: "percent" }).format(hundredths / 100);
}
