// Writes src/licences.json: every library that the app is made of, under its licence, from Cargo's and npm's own data.
//
//   npm run licences     after a dependency came or went; a test of the UI says when
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url).pathname;
const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 };
const { packages, resolve } = JSON.parse(execFileSync("cargo", ["metadata", "--format-version", "1", "--locked"], options));
const byId = new Map(packages.map((one) => [one.id, one]));
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));

// What the app links or builds with, on any platform, and nothing that only tests use.
const reached = new Set();
const queue = [packages.find(({ name }) => name === "latchgate").id];
for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
  if (reached.has(id)) continue;
  reached.add(id);
  for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind !== "dev")) queue.push(pkg);
}

const licences = {};
const add = (licence, name) => (licences[licence] ??= new Set()).add(name);
for (const { name, license, source } of [...reached].map((id) => byId.get(id))) {
  if (source !== null) add(uniform(license ?? "see its sources"), name);
}
for (const name of ["svelte", "@tauri-apps/api"]) add(JSON.parse(readFileSync(`${root}ui/node_modules/${name}/package.json`, "utf8")).license, name);

/** One way to say "one of these", whatever the order. */
function uniform(licence) {
  const choice = licence.replaceAll("/", " OR ").split(/ +OR +/);
  return licence.includes("(") ? licence : choice.sort().join(" OR ");
}

const sorted = Object.entries(licences)
  .map(([licence, names]) => [licence, [...names].sort()])
  .sort(([, some], [, others]) => others.length - some.length || some[0].localeCompare(others[0]));
writeFileSync(new URL("../src/licences.json", import.meta.url), `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`);
