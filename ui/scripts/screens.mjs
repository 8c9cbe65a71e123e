// Takes a picture of every scene of src/preview.ts with a headless Chromium.
//
//   npm run screens [-- SCENE…]           writes the visual references in screens/; look at them before you commit
//   npm run screens -- --check [SCENE…]   compares with them and fails where a screen looks otherwise
//
// Needs `chromium` (or CHROMIUM) and, to write, ImageMagick, which makes the pictures small. Fonts differ between
// systems: write and check on the same one.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createServer } from "vite";

const SHAPES = [
  { name: "phone", width: 390, height: 844 },
  { name: "desktop", width: 1280, height: 800 },
];
const TOOLBAR_HEIGHT = 56;
const THEMES = ["light", "dark"];
const DRAWN = `new Promise((resolve) => {
  const look = () => (document.querySelector("[data-testid]") ? resolve() : setTimeout(look, 20));
  look();
})`;
const SETTLE = 300; // milliseconds, for the scenes that act after they are drawn

/** A pixel counts as different from this distance in one channel on, and a picture from this share of pixels on. */
const TOLERANCE = { channel: 40, share: 0.002 };

const folder = process.env.SCREENS ?? new URL("../screens", import.meta.url).pathname;
const checking = process.argv.includes("--check");
const filters = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const wanted = (name) => filters.length === 0 || filters.some((filter) => name.startsWith(filter));

const source = readFileSync(new URL("../src/preview.ts", import.meta.url), "utf8");
const list = source.slice(source.indexOf("export const scenes"), source.indexOf("function find"));
const scenes = [...list.matchAll(/^ {2}"?([a-z-]+)"?: /gm)].map((match) => match[1]).filter(wanted);

const server = await createServer({ server: { port: 0, strictPort: false, host: "127.0.0.1" }, logLevel: "error" });
await server.listen();
const origin = `http://127.0.0.1:${server.httpServer.address().port}`;

const profile = mkdtempSync(join(tmpdir(), "screens-"));
const browser = spawn(
  process.env.CHROMIUM ?? "chromium",
  ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe", `--user-data-dir=${profile}`],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);

const waiting = new Map();
let pending = "";
let last = 0;
browser.stdio[4].on("data", (chunk) => {
  const messages = (pending + chunk).split("\0");
  pending = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
    const loud = message.method === "Runtime.exceptionThrown" || message.params?.entry?.level === "error";
    if (loud && !message.params.entry?.url?.endsWith("/favicon.ico")) {
      process.stderr.write(`${JSON.stringify(message.params)}\n`);
      process.exitCode = 1;
    }
  }
});
function call(method, params = {}, sessionId = undefined) {
  const id = ++last;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((resolve, reject) => {
    waiting.set(id, (message) => (message.error ? reject(new Error(`${method}: ${message.error.message}`)) : resolve(message.result)));
  });
}

const { targetId } = await call("Target.createTarget", { url: "about:blank" });
const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
const page = (method, params) => call(method, params, sessionId);
await page("Runtime.enable");
await page("Log.enable");

function write(file, data) {
  const input = Buffer.from(data, "base64");
  const smaller = ["-", "-strip", "+dither", "-colors", "192", "-define", "png:compression-level=9", `PNG8:${file}`];
  if (spawnSync("convert", smaller, { input }).status !== 0) writeFileSync(file, input);
}

async function check(file, data) {
  const share = existsSync(file) ? await difference(readFileSync(file).toString("base64"), data) : 1;
  if (share > TOLERANCE.share) {
    const seen = join(tmpdir(), file.split("/").pop());
    writeFileSync(seen, Buffer.from(data, "base64"));
    process.stderr.write(`${file} differs in ${(share * 100).toFixed(2)} % of its pixels from ${seen}\n`);
    process.exitCode = 1;
  }
}

/** Returns the share of pixels in which two pictures differ; the browser decodes them. */
async function difference(before, after) {
  const compare = `(async () => {
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
  })()`;
  const { result } = await page("Runtime.evaluate", { expression: compare, awaitPromise: true });
  return result.value ?? 1;
}

mkdirSync(folder, { recursive: true });
for (const shape of SHAPES) {
  for (const theme of THEMES) {
    await page("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: theme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ],
    });
    for (const scene of scenes) {
      const bar = scene.startsWith("toolbar");
      const size = { width: shape.width, height: bar ? TOOLBAR_HEIGHT : shape.height, deviceScaleFactor: 1, mobile: false };
      await page("Emulation.setDeviceMetricsOverride", size);
      await page("Page.navigate", { url: `${origin}/${bar ? "toolbar" : "index"}.html?screen=${scene}` });
      await page("Runtime.evaluate", { expression: DRAWN, awaitPromise: true });
      await new Promise((resolve) => setTimeout(resolve, SETTLE));
      const wide = await page("Runtime.evaluate", { expression: "document.documentElement.scrollWidth" });
      if (wide.result.value > shape.width) {
        process.stderr.write(`${scene} is ${wide.result.value} wide on a ${shape.name} of ${shape.width}\n`);
        process.exitCode = 1;
      }
      const { data } = await page("Page.captureScreenshot", { format: "png", captureBeyondViewport: !bar });
      const file = join(folder, `${scene}.${shape.name}.${theme}.png`);
      if (checking) await check(file, data);
      else write(file, data);
    }
  }
}
const gone = new Promise((resolve) => browser.once("exit", resolve));
await call("Browser.close").catch(() => {});
await gone;
await server.close();
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
process.exit();
