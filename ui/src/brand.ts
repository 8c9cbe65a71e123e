/** How a company wants its portal to look, as far as the person can still read it. */
import { accentOf, type Shades } from "./accent";
import type { BrandView } from "./bindings";

const SHADES: (keyof Shades)[] = ["accent", "strong", "soft", "on"];

/**
 * Takes up the company's colour, or lays it down. styles/tokens.css uses it, and does not where the person asked the
 * system for more contrast or for colours of their own.
 */
export function wear(brand: BrandView | null): void {
  const root = document.documentElement;
  const accent = brand?.accent ? accentOf(brand.accent) : null;
  root.toggleAttribute("data-branded", accent !== null);
  for (const shade of SHADES) {
    for (const theme of ["light", "dark"] as const) {
      if (accent) root.style.setProperty(`--brand-${shade}-${theme}`, accent[theme][shade]);
      else root.style.removeProperty(`--brand-${shade}-${theme}`);
    }
  }
}

/** The company's own mark, where it is a picture that can be shown. */
export function logoOf(brand: BrandView | null): string | null {
  return brand?.logo && /^data:image\/(png|svg\+xml)[;,]/.test(brand.logo) ? brand.logo : null;
}
