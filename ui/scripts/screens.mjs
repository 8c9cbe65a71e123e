// Takes a picture of every scene of src/preview.ts with a headless Chromium: `npm run screens [-- FILTER…]`.
// The pictures are the visual references in screens/; look at the difference before you commit them.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

const folder = process.env.SCREENS ?? new URL("../screens", import.meta.url).pathname;
const filters = process.argv.slice(2);
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
      writeFileSync(join(folder, `${scene}.${shape.name}.${theme}.png`), Buffer.from(data, "base64"));
    }
  }
}
const gone = new Promise((resolve) => browser.once("exit", resolve));
await call("Browser.close").catch(() => {});
await gone;
await server.close();
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
process.exit();
