import { expect, test } from "vitest";

import { LANGUAGES, preferred } from "./language.svelte";
import { tables, type Texts } from "./texts";
import { en } from "./texts/en";

const others = Object.entries(tables).filter(([language]) => language !== "en") as [string, Texts][];

/** Words that are the same in several languages, and names. */
const SHARED = /^(Latchgate|LG1:…|Internet|Gateway|Passphrase|Code|Licen[a-z]*|Version|System|Site|Pages|:)$/;
/** What a careful product does not say to an adult whom it does not know. */
const FAMILIAR: Record<string, RegExp> = {
  de: /(?<!\p{L})(du|dir|dich|dein\w*)(?!\p{L})/iu,
  fr: /(?<!\p{L})(tu|toi|ton|ta|tes)(?!\p{L})/iu,
  es: /(?<!\p{L})(tú|tu|tus|te|ti)(?!\p{L})/iu,
};
/** Second words for what has one already: see the head of each table. */
const SECOND: Record<string, RegExp> = {
  en: /passcode|pass phrase|enrol(?!led)|intranet site/i,
  de: /kennwort|unternehmen|administrator|pairing|paaren|kennphrase|schlüsselring/i,
  fr: /appair|société|administrateur|phrase de passe|porte-clés/i,
  es: /emparej|frase de paso|frase secreta|compañía|administrador|puerta de enlace/i,
};
/** Counts and names that the functions among the texts are called with. */
const SAMPLES = [0, 1, 2, 3, 21, "gateway.example"] as const;

type Leaf = { path: string; value: unknown };

function leaves(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

/** What a person reads at a leaf: one text, or one for each sample. */
function read({ value }: Leaf): string[] {
  return typeof value === "function" ? SAMPLES.map((sample) => String(value(...Array<unknown>(value.length).fill(sample)))) : [String(value)];
}

test.each(others)("%s has the same keys, of the same shapes, as English", (_, table) => {
  const shape = (texts: Texts) => leaves(texts).map(({ path, value }) => `${path}: ${typeof value}${typeof value === "function" ? ` of ${value.length}` : ""}`);
  expect(shape(table)).toEqual(shape(en));
});

test.each(others)("%s puts into its texts what English puts into them", (_, table) => {
  const mentions = (text: string) => [...new Set(text.match(/\d+|gateway\.example|LG1:|Latchgate/g))].sort();
  const english = new Map(leaves(en).map((leaf) => [leaf.path, read(leaf).map(mentions)]));
  const different = leaves(table).filter((leaf) => {
    const [here, there] = [read(leaf).map(mentions), english.get(leaf.path)];
    // One may be written as a word, and a name may stand for „it“.
    const missing = there?.flatMap((words, index) => words.filter((word) => !here[index]?.includes(word))) ?? [];
    return missing.some((word) => word !== "1" && word !== "Latchgate" && word !== "0");
  });
  expect(different.map(({ path }) => path)).toEqual([]);
});

test.each(others)("%s is translated throughout", (_, table) => {
  const english = new Map(leaves(en).map((leaf) => [leaf.path, read(leaf).join("\n")]));
  const same = leaves(table).filter((leaf) => english.get(leaf.path) === read(leaf).join("\n") && !SHARED.test(String(leaf.value)));
  expect(same.map(({ path }) => path)).toEqual([]);
});

test.each(Object.entries(tables))("%s says something everywhere, and nothing twice over", (_, table) => {
  const odd = leaves(table).filter((leaf) => leaf.path !== "common.colon" && read(leaf).some((text) => text.trim() !== text || text === "" || /undefined|NaN| {2}|\.\.\.|'/.test(text)));
  expect(odd.map(({ path }) => path)).toEqual([]);
});

test.each(others)("%s addresses people politely", (language, table) => {
  const familiar = leaves(table).filter((leaf) => read(leaf).some((text) => FAMILIAR[language]?.test(text)));
  expect(familiar.map(({ path }) => path)).toEqual([]);
});

test.each(Object.entries(tables))("%s has one word for one thing", (language, table) => {
  const second = leaves(table).filter((leaf) => read(leaf).some((text) => SECOND[language]?.test(text)));
  expect(second.map(({ path }) => path)).toEqual([]);
});

test("French keeps its double signs on the line of their word", () => {
  const loose = leaves(tables.fr).filter((leaf) => read(leaf).some((text) => / [:;!?»]|« |[^\s\u00a0\u202f][;!?»]|[^\s\u00a0\u202fG1]:/.test(text.replaceAll("LG1:", ""))));
  expect(loose.map(({ path }) => path)).toEqual([]);
});

test("German keeps its dots on the line of their word", () => {
  expect(leaves(tables.de).filter((leaf) => read(leaf).some((text) => / …/.test(text))).map(({ path }) => path)).toEqual([]);
});

test("the system's first language that the app speaks is taken", () => {
  expect(preferred(["pt-BR", "de-AT", "fr"])).toBe("de");
  expect(preferred(["zh-Hant-TW"])).toBe("en");
  expect(preferred(["constructor", "ES"])).toBe("es");
  expect(Object.keys(LANGUAGES)).toEqual(Object.keys(tables));
});
