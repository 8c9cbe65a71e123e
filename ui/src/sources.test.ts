/** What the sources of the screens must keep to, so that each language and both directions of writing work. */
import { parse } from "svelte/compiler";
import { expect, test } from "vitest";

import { tables } from "./texts";
import { failures } from "./texts/en.failures";

const load = (files: Record<string, unknown>) => Object.entries(files as Record<string, string>);
const components = load(import.meta.glob("./**/*.svelte", { query: "?raw", import: "default", eager: true }));
const scripts = load(import.meta.glob(["./**/*.ts", "!./**/*.test.ts", "!./texts/**", "!./preview.ts", "!./preview/**"], { query: "?raw", import: "default", eager: true }));
const styles = load(import.meta.glob("./styles/*.css", { query: "?raw", import: "default", eager: true }));
const faults = load(import.meta.glob("../../crates/client/src/failure.rs", { query: "?raw", import: "default", eager: true }));
const app = load(import.meta.glob("../../src-tauri/**/*.rs", { query: "?raw", import: "default", eager: true }));

/** Failures that the page itself makes. */
const OWN = ["unexpected"];

interface Said {
  code: string;
  message: string;
  advice: string;
}

/** The failures that the app's sources make: a code with two sentences behind it. */
function said(): Said[] {
  const triple = /"([a-z]+(?:-[a-z]+)*)"(?:\.to_owned\(\))?,\s*(?:message: )?(?:format!\()?"([^"]*[.)])"\)?(?:\.to_owned\(\))?,\s*(?:advice: )?"([^"]*[.)])"/g;
  return [...faults, ...app].flatMap(([, source]) => [...source.matchAll(triple)].map(([, code = "", message = "", advice = ""]) => ({ code, message, advice })));
}

test("every failure of the app can be said in every language, and no other", () => {
  const codes = said().map(({ code }) => code);
  expect(codes.length).toBeGreaterThan(60);
  for (const table of Object.values(tables)) expect(Object.keys(table.failures).sort()).toEqual([...new Set(codes), ...OWN].sort());
});

test("no failure escapes the look into the app's sources", () => {
  const [, source = ""] = faults[0] ?? [];
  expect(said().filter(({ code }) => source.includes(`= "${code}"`)).length).toBe(source.match(/^ {4}\w+ = "/gm)?.length);
  for (const [file, source] of app) {
    for (const [, code = ""] of source.matchAll(/code: "([^"]+)"/g)) expect(Object.keys(failures), file).toContain(code);
  }
});

test("failures have the same English words here and in the app", () => {
  const known: Record<string, Omit<Said, "code"> | undefined> = failures;
  const curly = (text: string) => text.replaceAll("'", "’");
  for (const { code, message, advice } of said()) {
    if (!message.includes("{")) expect({ code, ...known[code] }).toEqual({ code, message: curly(message), advice: curly(advice) });
  }
});

/** Every path into the texts that a source mentions; one that goes on in a way unknown here counts as a whole. */
function mentioned(source: string): string[] {
  const names = new Map([["texts", ""]]);
  for (const [, name = "", path = ""] of source.matchAll(/const (\w+) = (?:\$derived\()?texts((?:\.\w+)+)\)?;/g)) names.set(name, path.slice(1));
  return [...source.matchAll(/(?<![.\w])(\w+)((?:\.\w+)+)/g)].flatMap(([, name = "", path = ""]) => {
    const start = names.get(name);
    return start === undefined ? [] : [start === "" ? path.slice(1) : start + path];
  });
}

function paths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, path === "" ? key : `${path}.${key}`));
}

test("no text is there in vain", () => {
  const all = [...components, ...scripts].flatMap(([, source]) => mentioned(source));
  // A method of the text itself may follow, such as `words.levels.length`.
  const isUsed = (path: string) => all.some((used) => path === used || path.startsWith(`${used}.`) || used.startsWith(`${path}.`));
  expect(paths(tables.en).filter((path) => !isUsed(path))).toEqual([]);
});

test.each(components)("%s takes its texts so that they follow the language", (_, source) => {
  expect(source.match(/const \w+ = texts\b[^;]*/g) ?? []).toEqual([]);
});

/** Attributes that people read or hear. */
const READ = new Set(["title", "placeholder", "alt", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "label", "hint", "text", "lead", "message"]);

type Node = { type: string; name?: string; data?: string; value?: unknown };

function visit(node: unknown, seen: (node: Node) => void): void {
  if (Array.isArray(node)) node.forEach((inner) => visit(inner, seen));
  else if (typeof node === "object" && node !== null) {
    if ("type" in node && typeof node.type === "string") seen(node as Node);
    for (const [key, inner] of Object.entries(node)) if (key !== "parent") visit(inner, seen);
  }
}

test.each(components)("%s holds no words of its own", (_, source) => {
  const words: string[] = [];
  // A colon, too: French sets it otherwise.
  const isWord = (text: string) => /\p{L}{2,}|:/u.test(text);
  const { fragment } = parse(source, { modern: true });
  visit(fragment, (node) => {
    if (node.type === "Text" && isWord(node.data ?? "")) words.push(node.data ?? "");
    if (node.type === "Literal" && typeof node.value === "string" && /\p{L} \p{L}/u.test(node.value)) words.push(node.value);
  });
  // Texts of attributes that nobody reads, such as class and d, are not words.
  visit(fragment, (node) => {
    if (node.type === "Attribute" && !READ.has(node.name ?? "")) visit(node.value, (inner) => inner.type === "Text" && words.splice(words.indexOf(inner.data ?? ""), isWord(inner.data ?? "") ? 1 : 0));
  });
  const script = source.match(/<script[^]*?<\/script>/g)?.join("\n").replace(/\/\*[^]*?\*\/|\/\/.*/g, "").replace(/import [^;]*;/g, "") ?? "";
  const sentences = [...script.matchAll(/(["'`])((?:(?!\1).)*)\1/g)].map(([, , text = ""]) => text).filter((text) => /^\p{Lu}\p{Ll}+.* /u.test(text) || /\p{Ll} \p{Ll}+ \p{Ll}/u.test(text));
  expect([...words, ...sentences]).toEqual([]);
});

/** The file's styles without comments. */
const css = (file: string, source: string) =>
  (file.endsWith(".css") ? source : (source.match(/<style>[^]*<\/style>/)?.[0] ?? "")).replace(/\/\*[^]*?\*\//g, "");

test.each([...components, ...styles])("%s is laid out along the line of writing", (file, source) => {
  expect(source).not.toBe("");
  const physical = css(file, source).match(/(?<![\w-])((margin|padding|border|scroll-margin|scroll-padding)-(left|right)[\w-]*|left|right|border-(top|bottom)-(left|right)-radius)\s*:|(text-align|float|clear|justify-\w+): *(left|right)/g) ?? [];
  const uneven = [...css(file, source).matchAll(/(?<![\w-])(?:margin|padding|inset|border-width):([^;]+);/g)].filter(([, values = ""]) => {
    const parts = values.trim().match(/(?:\w*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|[^\s()])+/g) ?? [];
    return parts.length === 4 && parts[1] !== parts[3];
  });
  expect([...physical, ...uneven.map(([whole]) => whole)]).toEqual([]);
});
