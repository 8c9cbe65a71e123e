// Walks through every scene of src/preview.ts as people do who do not see, point or read as others do.
//
//   npm run axe [-- SCENE…]
//
// 1. axe-core finds nothing against WCAG 2.2 AA, on phone and desktop, light and dark, in four languages.
// 2. Tab reaches every control, shows where it is, and never lands on something hidden or behind a dialog.
// 3. What opens a dialog by keyboard gets the focus back when Escape closes it; Tab does not leave the dialog.
// 4. Everything to press is at least 44 × 44 pixels on a phone.
// 5. A choice of language or appearance shows at once and takes nothing away; the details of a failure can be copied.
// 6. A company's colour is worn, and laid down for whoever asks the system for more contrast or for colours of their own.
// 7. What a person does reaches the app, and the focus stays where it belongs (deeds.mjs; alone: `npm run axe -- deeds`).
// 8. The page says its language, stands still for those who want that, and needs no sideways scrolling at 320 pixels.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { scenes, SHAPES, share, withWindows } from "./browser.mjs";
import { deeds, until } from "./deeds.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
/** The bar above a page is no page. */
const PART_OF_A_WINDOW = { "landmark-one-main": { enabled: false }, "page-has-heading-one": { enabled: false } };
/** The smallest width of a thumb's target, in pixels. */
const TARGET = 44;
const NARROW = { width: 320, height: 640 };

/** Each scene in both shapes and themes, and in each language once. */
const LOOKS = [
  { language: "en", shape: SHAPES.phone, theme: "dark" },
  { language: "de", shape: SHAPES.phone, theme: "light" },
  { language: "fr", shape: SHAPES.desktop, theme: "light" },
  { language: "es", shape: SHAPES.desktop, theme: "dark" },
];

/** What runs in the page: all that a person can press or type into, where no dialog is in the way. */
const CONTROLS = `
  const layer = () => [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
  const drawn = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
  const controls = () => [...layer().querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter((element) => !element.disabled && drawn(element));
  const nameOf = (element) => element?.dataset?.testid ?? element?.outerHTML?.slice(0, 90) ?? "nothing";
  /** Where a hidden box is pressed: its label. */
  const pressed = (element) => (element.labels?.length && /^(file|radio|checkbox)$/.test(element.type) ? element.labels[0] : element);
`;

const FOCUS = `(() => { ${CONTROLS}
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const lit = (box) => box && getComputedStyle(box).outlineStyle !== "none" && parseFloat(getComputedStyle(box).outlineWidth) >= 2;
  let marked = element;
  for (let box = element, steps = 0; box && steps < 3; box = box.parentElement, steps++) if (lit(box)) marked = box;
  const { left, top, width, height } = pressed(element).getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  return {
    name: nameOf(element),
    scrolls: element.scrollHeight > element.clientHeight,
    index: controls().indexOf(element),
    group: element.type === "radio" ? element.name : null,
    lit: lit(marked),
    free: above !== null && (pressed(element).contains(above) || above.contains(pressed(element))),
  };
})()`;

const filters = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const names = scenes(filters);
let checks = 0;

await withWindows(async ({ open, windows, fail }) => {
  await share(open, windows, names, async (page, scene) => {
    const problems = [];
    for (const look of LOOKS) problems.push(...(await rules(page, scene, look)));
    problems.push(...(await targets(page, scene)));
    problems.push(...(await walk(page, scene)));
    problems.push(...(await dialogs(page, scene)));
    for (const problem of new Set(problems)) fail(`${scene}: ${problem}`);
  });
  if (names.includes("settings")) for (const problem of await choices(await open())) fail(problem);
  if (names.includes("portal-brand")) for (const problem of await worn(await open())) fail(problem);
  if (names.includes("unlock-wrong")) for (const problem of await copied(await open())) fail(problem);
  if (filters.length === 0 || filters.includes("deeds")) checks += await deeds(open, fail);
  process.stdout.write(`${checks} checks on ${names.length} scenes\n`);
  if (checks === 0) fail("there is no such scene");
});
process.exit();

async function rules(page, scene, look) {
  await page.show({ scene, ...look });
  await page.evaluate(`${AXE}; 0`);
  const { language, moving, violations } = await page.evaluate(`axe
    .run(document, { runOnly: ${JSON.stringify(TAGS)}, resultTypes: ["violations"], rules: ${JSON.stringify(scene.startsWith("toolbar") ? PART_OF_A_WINDOW : {})} })
    .then(({ violations }) => ({
      language: document.documentElement.lang,
      moving: document.getAnimations().filter((animation) => animation.effect.getTiming().iterations === Infinity).length,
      violations: violations.map(({ id, help, nodes }) => id + ": " + help + " " + nodes.map(({ target, failureSummary }) => target + " " + failureSummary.replace(/\\s+/g, " ")).join("; ")),
    }))`);
  // WCAG 1.4.10: a page on a desktop that is zoomed to four times its size.
  await page.call("Emulation.setDeviceMetricsOverride", { ...NARROW, deviceScaleFactor: 1, mobile: false });
  const wide = await page.evaluate("document.documentElement.scrollWidth");
  checks += 4;
  return [
    ...violations,
    ...(language === look.language ? [] : [`the page says that it is ${language || "in no language"}, and is ${look.language}`]),
    ...(wide > NARROW.width ? [`${wide} pixels wide at ${NARROW.width} (${language})`] : []),
    ...(moving === 0 ? [] : [`${moving} animations run although the person wants none`]),
  ];
}

async function targets(page, scene) {
  checks++;
  await page.show({ scene, shape: SHAPES.phone });
  return page.evaluate(`(() => { ${CONTROLS}
    const all = [...layer().querySelectorAll("a[href], button, input, select, textarea, summary")].filter(drawn).map(pressed);
    return all.flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width < ${TARGET} - 0.1 || height < ${TARGET} - 0.1 ? [nameOf(element) + " is " + Math.round(width) + " × " + Math.round(height) + " on a phone"] : [];
    });
  })()`);
}

async function walk(page, scene) {
  const problems = [];
  for (const shape of [SHAPES.phone, SHAPES.desktop]) {
    checks++;
    await page.show({ scene, shape });
    const wanted = await page.evaluate(`(() => { ${CONTROLS} document.activeElement?.blur(); return controls().map((element) => ({ name: nameOf(element), group: element.type === "radio" ? element.name : null })); })()`);
    const reached = new Set();
    // The browser's own controls may come in between, once around.
    for (let step = 0; step < wanted.length + 3; step++) {
      await page.press("Tab");
      const at = await page.evaluate(FOCUS);
      if (at === null) continue;
      if (at.index < 0 && !at.scrolls) problems.push(`Tab lands on ${at.name}, which is not there for people`);
      if (!at.lit) problems.push(`the focus does not show on ${at.name}`);
      if (!at.free) problems.push(`${at.name} has the focus and lies hidden`);
      wanted.forEach(({ group }, index) => (index === at.index || (group !== null && group === at.group)) && reached.add(index));
    }
    problems.push(...wanted.filter((_, index) => !reached.has(index)).map(({ name }) => `Tab does not reach ${name}`));
  }
  return problems;
}

/** Opens each dialog of the scene by keyboard, walks around in it, and leaves it by Escape. */
async function dialogs(page, scene) {
  const problems = [];
  const openers = async () => page.evaluate(`(() => { ${CONTROLS} return controls().filter((element) => element.matches("[aria-haspopup='dialog'], [aria-expanded='false']")).map(nameOf); })()`);
  await page.show({ scene });
  for (const opener of await openers()) {
    checks++;
    await page.show({ scene });
    const before = await page.evaluate(`(() => { ${CONTROLS} controls().find((element) => nameOf(element) === ${JSON.stringify(opener)}).focus(); return document.querySelectorAll("dialog:modal").length; })()`);
    await page.press("Enter");
    const inside = `(() => { const top = [...document.querySelectorAll("dialog:modal")]; return { open: top.length, inside: document.activeElement === document.body || (top.at(-1)?.contains(document.activeElement) ?? true), expanded: document.querySelector("[data-testid='${opener}']")?.ariaExpanded }; })()`;
    const opened = await until(page, inside, ({ open, expanded }) => open > before || expanded === "true");
    if (!opened) {
      problems.push(`Enter on ${opener} opens nothing`);
      continue;
    }
    if (opened.open > before && !opened.inside) problems.push(`the dialog of ${opener} does not take the focus`);
    for (let step = 0; opened.open > before && step < 12; step++) {
      await page.press("Tab", step > 6 ? 8 : 0);
      if (!(await page.evaluate(inside)).inside) problems.push(`Tab leaves the dialog of ${opener}`);
    }
    await page.press("Escape");
    if (!(await until(page, inside, ({ open, expanded }) => open === before && expanded !== "true"))) problems.push(`Escape does not close what ${opener} opened`);
    else if (!(await until(page, `(() => { ${CONTROLS} return nameOf(document.activeElement); })()`, (name) => name === opener))) problems.push(`the focus does not come back to ${opener}`);
  }
  return problems;
}

/** Chooses a language and an appearance in the settings, and starts again. */
async function choices(page) {
  checks += 3;
  await page.show({ scene: "settings" });
  await page.evaluate(`(() => {
    const languages = document.querySelector("[data-testid=language]");
    languages.value = "de";
    languages.dispatchEvent(new Event("change", { bubbles: true }));
    document.querySelector("[data-testid=appearance-dark]").click();
  })()`);
  const seen = `({ title: document.querySelector("#settings-title")?.textContent, lang: document.documentElement.lang, theme: document.documentElement.dataset.theme })`;
  const german = ({ title, lang, theme }) => title === "Einstellungen" && lang === "de" && theme === "dark";
  const problems = (await until(page, seen, german)) ? [] : ["the chosen language and appearance do not show in the open settings"];
  const kept = await page.evaluate("JSON.stringify({ ...localStorage })");
  if (kept !== '{"latchgate.language":"de","latchgate.appearance":"dark"}') problems.push(`the settings are kept as ${kept}`);
  return problems;
}

/** Looks at the company's colour, and asks for more contrast. */
async function worn(page) {
  checks += 3;
  const looks = { asIs: [], more: [{ name: "prefers-contrast", value: "more" }], forced: [{ name: "forced-colors", value: "active" }] };
  const seen = {};
  for (const [look, features] of Object.entries(looks)) {
    await page.show({ scene: "portal-brand" });
    await page.call("Emulation.setEmulatedMedia", { features });
    // A colour changes with the next picture, not before.
    seen[look] = await page.evaluate("new Promise((resolve) => setTimeout(() => resolve(getComputedStyle(document.querySelector('.pinned')).color), 100))");
  }
  return seen.asIs !== seen.more && seen.asIs !== seen.forced ? [] : [`a company's colour is worn as ${JSON.stringify(seen)}`];
}

/** Copies by keyboard, into a clipboard that this script can read. */
async function copied(page) {
  checks++;
  await page.show({ scene: "unlock-wrong" });
  await page.evaluate(`(() => {
    navigator.clipboard.writeText = async (text) => void (window.clipboardText = text);
    document.querySelector("[data-testid=copy-details]").focus();
  })()`);
  await page.press("Enter");
  const text = await until(page, "window.clipboardText ?? ''", (text) => text !== "");
  const isRight = /^Latchgate \d+\.\d+\.\d+: wrong-passphrase\n/.test(text) && !/harbour/i.test(text);
  return isRight ? [] : [`the details of a failure are copied as ${JSON.stringify(text)}`];
}
