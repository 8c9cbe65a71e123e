// Takes a picture of every scene of src/preview.ts with a headless Chromium: phone and desktop, light and dark, in
// four languages, and of some scenes in a made-up language that is written from right to left.
//
//   npm run screens [-- SCENE…]           writes the visual references in screens/; look at them before you commit
//   npm run screens -- --check [SCENE…]   compares with them and fails where a screen looks otherwise
//   … --lang=de                           in one language only
//
// Needs what browser.mjs needs and, to write, ImageMagick, which makes the pictures small. Fonts differ between
// systems: write and check on the same one.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LANGUAGES, scenes, SHAPES, share, THEMES, withWindows } from "./browser.mjs";

/** A pixel counts as different from this distance in one channel on, and a picture from this share of pixels on. */
const TOLERANCE = { channel: 40, share: 0.002 };
/** Up to this share a picture stays as it is, so that a change of one screen is not a change of all files. */
const KEPT = 0.0001;
/** Enough colours for screens that are mostly plain. */
const COLOURS = "32";
/** And for those that show a company's own. */
const COLOURS_OF_A_BRAND = "96";
/** Shown from right to left as well. */
const MIRRORED = ["welcome", "confirm", "passphrase-typed", "pairing-check", "portal-status", "device", "settings", "toolbar"];
/** Bars that show more than their first line. */
const UNFOLDED = ["toolbar-menu", "toolbar-menu-pinned", "toolbar-find", "toolbar-downloads"];

const folder = process.env.SCREENS ?? new URL("../screens", import.meta.url).pathname;
const words = process.argv.slice(2);
const checking = words.includes("--check");
const only = words.find((word) => word.startsWith("--lang="))?.slice("--lang=".length);
const filters = words.filter((word) => !word.startsWith("--"));

function pictures() {
  const names = scenes(filters);
  const of = (scene, tag, settings) =>
    Object.entries(SHAPES).flatMap(([form, shape]) =>
      THEMES.map((theme) => ({ scene, theme, shape, form, ...settings, file: join(folder, [scene, ...tag, form, theme, "png"].join(".")) })),
    );
  const spoken = LANGUAGES.flatMap((language) => names.flatMap((scene) => of(scene, language === "en" ? [] : [language], { language })));
  const mirrored = names.filter((scene) => MIRRORED.includes(scene)).flatMap((scene) => of(scene, ["rtl"], { language: "en", direction: "rtl" }).filter(({ theme }) => theme === "light"));
  return [...spoken.filter(({ language }) => !only || language === only), ...(only && only !== "rtl" ? [] : mirrored)];
}

await withWindows(async ({ open, windows, fail }) => {
  mkdirSync(folder, { recursive: true });
  const wanted = pictures();
  await share(open, windows, wanted, async (page, picture) => {
    const { scene, shape, form, file } = picture;
    await page.show(picture);
    const wide = await page.evaluate("document.documentElement.scrollWidth");
    if (wide > shape.width) fail(`${scene} is ${wide} wide on a ${form} of ${shape.width} (${file})`);
    await unroll(page, picture);
    const { data } = await page.call("Page.captureScreenshot", { format: "png" });
    if (checking) await check(page, file, data, fail);
    else if ((await distance(page, file, data)) > KEPT) await write(file, data, scene.startsWith("portal-brand") ? COLOURS_OF_A_BRAND : COLOURS);
  });
  // Pictures of scenes that are gone.
  const known = new Set(wanted.map(({ file }) => file));
  if (filters.length === 0 && !only) {
    for (const file of readdirSync(folder).map((name) => join(folder, name))) {
      if (known.has(file)) continue;
      if (checking) fail(`${file} shows no scene`);
      else rmSync(file);
    }
  }
  process.stdout.write(`${wanted.length} pictures ${checking ? "compared" : "taken"}\n`);
});
process.exit();

/**
 * What is longer than the screen is photographed on one that is long enough: a dialog, or else the page. (Chromium can
 * also photograph what lies beyond the screen, but then loses dialogs and wide layouts now and then.)
 */
async function unroll(page, { scene, shape }) {
  const isShort = scene.startsWith("toolbar") && !UNFOLDED.includes(scene);
  const needed = await page.evaluate("([...document.querySelectorAll('dialog:modal')].at(-1) ?? document.documentElement).scrollHeight");
  if (isShort || needed <= (await page.evaluate("innerHeight"))) return;
  await page.call("Emulation.setDeviceMetricsOverride", { width: shape.width, height: needed, deviceScaleFactor: 1, mobile: false });
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
}

async function write(file, data, colours) {
  const picture = Buffer.from(data, "base64");
  const smaller = ["-", "-strip", "+dither", "-colors", colours, "-define", "png:compression-level=9", "-define", "png:exclude-chunks=date,time", `PNG8:${file}`];
  const convert = spawn("convert", smaller, { stdio: ["pipe", "ignore", "ignore"] });
  convert.stdin.on("error", () => {});
  convert.stdin.end(picture);
  const status = await new Promise((resolve) => convert.once("error", resolve).once("exit", resolve));
  if (status !== 0) writeFileSync(file, picture);
}

async function distance(page, file, data) {
  return existsSync(file) ? difference(page, readFileSync(file).toString("base64"), data) : 1;
}

async function check(page, file, data, fail) {
  const share = await distance(page, file, data);
  if (share > TOLERANCE.share) {
    const seen = join(tmpdir(), file.split("/").pop());
    writeFileSync(seen, Buffer.from(data, "base64"));
    fail(`${file} differs in ${(share * 100).toFixed(2)} % of its pixels from ${seen}`);
  }
}

/** Returns the share of pixels in which two pictures differ; the browser decodes them. */
async function difference(page, before, after) {
  const share = await page.evaluate(`(async () => {
    const read = async (data) => {
      const image = new Image();
      image.src = "data:image/png;base64," + data;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext("2d");
      pen.drawImage(image, 0, 0);
      return pen.getImageData(0, 0, image.width, image.height);
    };
    const [a, b] = [await read(${JSON.stringify(before)}), await read(${JSON.stringify(after)})];
    if (a.width !== b.width || a.height !== b.height) return 1;
    let different = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      const apart = Math.max(...[0, 1, 2].map((c) => Math.abs(a.data[i + c] - b.data[i + c])));
      if (apart > ${TOLERANCE.channel}) different++;
    }
    return different / (a.data.length / 4);
  })()`);
  return share ?? 1;
}
