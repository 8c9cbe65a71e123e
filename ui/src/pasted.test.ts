/** Abuse case 81: a pairing code passes through the field and the clipboard, and stays in neither by the app's doing. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CLEARED_AFTER, PastedCode } from "./screens/pasted.svelte";

const load = (files: Record<string, unknown>) => Object.entries(files as Record<string, string>);
const sources = load(import.meta.glob(["./**/*.svelte", "./**/*.ts", "!./**/*.test.ts"], { query: "?raw", import: "default", eager: true }));
const app = load(import.meta.glob(["../../src-tauri/**/*.rs", "../../capabilities/*.json", "../../Cargo.toml"], { query: "?raw", import: "default", eager: true }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("ab_81_a_pasted_code_is_cleared_when_it_is_used", () => {
  const pasted = new PastedCode();
  pasted.put("LG1:CODE");
  expect(pasted.take()).toBe("LG1:CODE");
  expect(pasted.text).toBe("");
  expect(pasted.take()).toBe("");
});

test("ab_81_a_pasted_code_that_is_not_used_is_cleared_after_a_minute", () => {
  const pasted = new PastedCode();
  pasted.put("LG1:CODE");
  vi.advanceTimersByTime(CLEARED_AFTER - 1);
  expect(pasted.text).toBe("LG1:CODE");
  vi.advanceTimersByTime(1);
  expect(pasted.text).toBe("");
  expect(CLEARED_AFTER).toBe(60_000);
});

test("ab_81_a_cleared_code_leaves_no_clock_behind_that_clears_the_next", () => {
  const pasted = new PastedCode();
  pasted.put("LG1:FIRST");
  vi.advanceTimersByTime(CLEARED_AFTER / 2);
  pasted.clear();
  pasted.put("LG1:SECOND");
  vi.advanceTimersByTime(CLEARED_AFTER / 2);
  expect(pasted.text).toBe("LG1:SECOND");
});

test("ab_81_the_app_never_reads_the_clipboard_by_itself", () => {
  expect(sources.length).toBeGreaterThan(40);
  for (const [file, source] of sources) expect(source, file).not.toMatch(/clipboard\??\.read|readText|clipboardData|execCommand\("paste"\)/);
  // Nor does the host, which has no part that could.
  expect(app.length).toBeGreaterThan(10);
  for (const [file, source] of app) expect(source, file).not.toMatch(/clipboard|arboard/i);
});

test("ab_81_what_the_app_writes_to_the_clipboard_is_no_code", () => {
  const writes = sources.filter(([, source]) => /clipboard|execCommand\("copy"\)/.test(source)).map(([file]) => file);
  expect(writes).toEqual(["./details.ts"]);
  // A failure's details hold no secret, no address and no name.
  const uses = sources.flatMap(([, source]) => source.split("\n").filter((line) => /(?<!function )copyText\(/.test(line)));
  expect(uses.map((line) => line.trim())).toEqual([expect.stringContaining("copyText(detailsOf(failure))")]);
});
