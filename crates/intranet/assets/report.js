"use strict";
// What the pages of a trial share: rows, one for each capability, and where they go.

/** Longer than anything that is tried takes on a slow machine. */
const PATIENCE = 45000;

const rows = {};

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

const within = (milliseconds, promise) => Promise.race([
  promise,
  wait(milliseconds).then(() => { throw new Error("not within " + milliseconds + " ms"); }),
]);

/** `?only=film` tries the rows whose names begin so, and no others. */
const only = new URLSearchParams(location.search).get("only") ?? "";

/** Tries one capability; what goes wrong is the row's value. */
async function row(name, tried) {
  if (!name.startsWith(only)) return;
  try {
    rows[name] = await within(PATIENCE, tried());
  } catch (error) {
    rows[name] = { failed: String(error), before: rows[name] };
  }
  // At once: what is missing afterwards is what hangs.
  await report();
}

async function report(more) {
  await fetch("/trial/report", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ rows, ...more }),
  });
}

const makeWord = () => crypto.randomUUID();

/** What the site noted under a word. */
const noted = async (word) => (await fetch("/trial/noted?word=" + word)).json();

/** Asks until the site has noted it. */
async function notedOnce(word, fits) {
  for (;;) {
    const notes = await noted(word);
    if (notes.some(fits)) return notes.find(fits);
    await wait(50);
  }
}

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
