// Fails when the built interface is larger than a first start should have to read.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** All pages and what they load, compressed, in bytes. */
const MOST = 150_000;

const folder = new URL("../dist", import.meta.url).pathname;
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(file.parentPath ?? file.path, file.name)), { level: 9 }).length, 0);
process.stdout.write(`${(bytes / 1000).toFixed(1)} kB compressed, of ${MOST / 1000}\n`);
if (bytes > MOST) process.exitCode = 1;
