/** What the app says about itself and about the gateway, compared with the sources that it speaks of. */
import { expect, test } from "vitest";

import { LICENCE, VERSION } from "./details";
import licences from "./licences.json";
import { en } from "./texts/en";

const load = (files: Record<string, unknown>) => Object.entries(files as Record<string, string>);
const gateway = load(import.meta.glob("../../crates/gateway/src/**/*.rs", { query: "?raw", import: "default", eager: true }));
const manifests = load(
  import.meta.glob(["../../Cargo.toml", "../../crates/{client,link,tunnel,protocol}/Cargo.toml"], { query: "?raw", import: "default", eager: true }),
);

type Fact = keyof typeof en.sight.sees;

/** What the gateway writes down, by the name that it has there. What says nothing about a person is its own matter. */
const WRITTEN: Record<string, Fact | "its own matter"> = {
  instance: "number",
  instance_id: "number",
  device: "number",
  device_id: "number",
  number: "number",
  subject: "number",
  who: "number",
  created: "dates",
  first_connect: "dates",
  setup_expires: "dates",
  revoked: "dates",
  revocation: "dates",
  conflict: "dates",
  expires: "dates",
  hash: "proofs",
  salt: "proofs",
  iterations: "proofs",
  version: "proofs",
  next_hash: "proofs",
  next_salt: "proofs",
  next_iterations: "proofs",
  setup_hash: "proofs",
  claim_hash: "proofs",
  ticket_hash: "proofs",
  key_hash: "proofs",
  request_hash: "proofs",
  // An order to erase that is sealed for the device, and its sealed answer: the gateway sees that there is one.
  wipe_order: "dates",
  wipe_confirmation: "dates",
  // How a connection ended, and when a line was written.
  reason: "online",
  end: "online",
  // The gateway's own state: its errors, its own address, its queues, its database, its other nodes.
  error: "its own matter",
  address: "its own matter",
  status: "its own matter",
  stop: "its own matter",
  queued: "its own matter",
  attempts: "its own matter",
  node: "its own matter",
  total: "its own matter",
};
/** Known while a connection lasts, and never written. */
const PASSING: Fact[] = ["online", "traffic"];

const inDepth = (source: string) => source.split("#[cfg(test)]")[0] ?? "";

/** The fields of the gateway's log. */
function logged(): string[] {
  const lines = gateway.flatMap(([, source]) => [...inDepth(source).matchAll(/\b(?:error|warn|info|debug|trace)!\(([^]*?)\);?\n/g)].map(([, line = ""]) => line));
  expect(lines.length).toBeGreaterThan(25);
  return lines.flatMap((line) => [...line.replace(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/(?:^|,)\s*(?:[%?]\s*)?([a-z_]+)\s*(?=[=,])/g)].map(([, field = ""]) => field));
}

/** The columns of the gateway's database. */
function stored(): string[] {
  const columns = gateway.flatMap(([, source]) => [...inDepth(source).matchAll(/^\s+(?:CREATE TABLE [a-z]+ \(|ALTER TABLE [a-z]+ ADD COLUMN )?([a-z_]+) (?:BLOB|INTEGER|TEXT|REAL|ANY|BYTEA|BIGINT|SMALLINT|BOOLEAN|TIMESTAMPTZ)\b/gm)].map(([, column = ""]) => column));
  expect(columns.length).toBeGreaterThan(20);
  return columns;
}

test("the app tells all that the gateway writes down, and the gateway nothing that the app does not tell", () => {
  const written = [...new Set([...logged(), ...stored()])];
  expect(written.filter((name) => !Object.hasOwn(WRITTEN, name))).toEqual([]);
  expect(Object.keys(WRITTEN).filter((name) => !written.includes(name))).toEqual([]);
  const facts = new Set([...PASSING, ...written.map((name) => WRITTEN[name]).filter((fact) => fact !== "its own matter")]);
  expect([...facts].sort()).toEqual(Object.keys(en.sight.sees).sort());
});

test("the libraries that the app is made of have their licences there", () => {
  const named = new Set(Object.values(licences).flat());
  const direct = manifests.flatMap(([, source]) => {
    const sections = source.split(/^(?=\[)/m).filter((section) => /^\[(target\..*\.)?dependencies\]/.test(section));
    return sections.flatMap((section) => [...section.matchAll(/^([\w-]+)\s*(?:=|\.)/gm)].map(([, name = ""]) => name));
  });
  expect(direct.length).toBeGreaterThan(20);
  const missing = direct.filter((name) => !name.startsWith("latchgate") && !named.has(name));
  expect([...new Set(missing)], "run `npm run licences`").toEqual([]);
});

test("the version and the licence are the app's", () => {
  const root = manifests.find(([file]) => file.endsWith("../Cargo.toml"))?.[1] ?? "";
  expect(root).toContain(`version = "${VERSION}"`);
  expect(root).toContain(`license = "${LICENCE}"`);
});
