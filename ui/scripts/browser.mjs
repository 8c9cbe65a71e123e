// A headless Chromium on every scene of src/preview.ts, for screens.mjs and access.mjs.
//
// 1. The screens are built once, with the preview in them, and served on the loopback address.
// 2. Chromium is driven through a pipe, with as many windows as there is work for.
// 3. Whatever a page logs as an error fails the run.
//
// Needs `chromium`, or CHROMIUM with the path of one.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const LANGUAGES = ["en", "de", "fr", "es"];
export const THEMES = ["light", "dark"];
export const SHAPES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
};
const TOOLBAR_HEIGHT = 56;
const WINDOWS = 3;
const ENOUGH = 15_000; // milliseconds for a scene to be there

const SHOWN = `new Promise((resolve, reject) => {
  const end = performance.now() + ${ENOUGH};
  const look = () => {
    if (document.documentElement?.dataset.shown) resolve();
    else if (performance.now() > end) reject(new Error("the scene is not shown"));
    else setTimeout(look, 10);
  };
  look();
})`;

/** The names of all scenes that begin with one of the words, or of all. */
export function scenes(words = []) {
  const source = readFileSync(new URL("../src/preview.ts", import.meta.url), "utf8");
  const [list] = source.slice(source.indexOf("export const scenes")).split("\n};");
  const names = [...list.matchAll(/^ {2}"?([a-z-]+)"?: /gm)].map((match) => match[1]);
  return names.filter((name) => words.length === 0 || words.some((word) => name.startsWith(word)));
}

/** Builds and serves the screens, opens the browser, hands out its windows, and ends everything. */
export async function withWindows(work) {
  const { url, stop } = await serve();
  const { call, fail, close } = await launch();
  try {
    await work({ open: () => Page.open(call, url), windows: WINDOWS, fail });
  } finally {
    await close();
    await stop();
  }
}

/** Hands each job to the next free window. */
export async function share(open, windows, jobs, run) {
  const queue = [...jobs];
  const worker = async () => {
    const page = await open();
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await run(page, job);
  };
  await Promise.all(Array.from({ length: windows }, worker));
}

/** One window. */
class Page {
  static async open(call, url) {
    // A context of its own: what one window stores must not reach the others.
    const { browserContextId } = await call("Target.createBrowserContext");
    const { targetId } = await call("Target.createTarget", { url: "about:blank", newWindow: true, browserContextId });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page();
    page.url = url;
    page.call = (method, params) => call(method, params, sessionId);
    await page.call("Runtime.enable");
    await page.call("Log.enable");
    await page.call("Page.enable");
    await page.call("Emulation.setFocusEmulationEnabled", { enabled: true });
    return page;
  }

  /** Shows a scene as it comes to rest. */
  async show({ scene, language = "en", theme = "light", shape = SHAPES.phone, direction = "ltr" }) {
    const bar = scene.startsWith("toolbar");
    const features = [
      { name: "prefers-color-scheme", value: theme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ];
    await this.call("Emulation.setEmulatedMedia", { features });
    const height = bar ? TOOLBAR_HEIGHT : shape.height;
    await this.call("Emulation.setDeviceMetricsOverride", { width: shape.width, height, deviceScaleFactor: 1, mobile: false });
    // Another query makes it another document: nothing of the last scene is left.
    const query = new URLSearchParams({ screen: scene, lang: language, dir: direction });
    await this.call("Page.navigate", { url: `${this.url}${bar ? "toolbar" : "index"}.html?${query}&${Math.random()}` });
    await this.evaluate(SHOWN);
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Presses and releases a key, as a person does. */
  async press(key, modifiers = 0) {
    const codes = { Tab: 9, Enter: 13, Escape: 27, " ": 32 };
    const text = { Enter: "\r", " ": " " }[key];
    const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: codes[key], modifiers };
    await this.call("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event, ...(text && { text }) });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }
}

async function serve() {
  // The preview is there in development only.
  process.env.NODE_ENV = "development";
  const { build, preview } = await import("vite");
  const outDir = mkdtempSync(join(tmpdir(), "latchgate-ui-"));
  const root = new URL("..", import.meta.url).pathname;
  await build({ root, mode: "development", logLevel: "error", build: { outDir, emptyOutDir: true, minify: false } });
  const server = await preview({ root, logLevel: "error", build: { outDir }, preview: { host: "127.0.0.1", port: 0, strictPort: false } });
  const stop = async () => {
    await server.close();
    rmSync(outDir, { recursive: true, force: true, maxRetries: 5 });
  };
  return { url: `http://127.0.0.1:${server.httpServer.address().port}/`, stop };
}

async function launch() {
  const profile = mkdtempSync(join(tmpdir(), "latchgate-chromium-"));
  const program = process.env.CHROMIUM ?? "chromium";
  const browser = spawn(
    program,
    ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1", "--remote-debugging-pipe", `--user-data-dir=${profile}`],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const waiting = new Map();
  let pending = "";
  let last = 0;
  const fail = (words) => {
    process.stderr.write(`${words}\n`);
    process.exitCode = 1;
  };
  const ended = new Promise((resolve) => browser.once("exit", resolve));
  browser.once("error", (error) => {
    fail(`Chromium does not start (${error.message}): install it (Debian: apt-get install chromium), or name one in CHROMIUM`);
    process.exit();
  });
  browser.stdio[3].on("error", () => {});
  browser.stdio[4].on("data", (chunk) => {
    const messages = (pending + chunk).split("\0");
    pending = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
      const loud = message.method === "Runtime.exceptionThrown" || message.params?.entry?.level === "error";
      if (loud && !message.params.entry?.url?.endsWith("/favicon.ico")) fail(JSON.stringify(message.params));
    }
  });
  const call = (method, params = {}, sessionId = undefined) => {
    const id = ++last;
    browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      waiting.set(id, (message) => (message.error ? reject(new Error(`${method}: ${message.error.message}`)) : resolve(message.result)));
      void ended.then((status) => reject(new Error(`${program} ended with ${status} during ${method}`)));
    });
  };
  const close = async () => {
    await call("Browser.close").catch(() => {});
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { call, fail, close };
}
