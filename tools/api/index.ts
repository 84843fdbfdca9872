/** Writes the API reference: `npm run reference`. A test says when the pages are older than the docstrings. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readEntries } from "./exports.js";
import { referencePages } from "./pages.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const FOLDER = join(ROOT, "docs/reference");
const pages = referencePages(readEntries(ROOT));
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
for (const [name, text] of pages) writeFileSync(join(FOLDER, name), text);
console.log(`${pages.size} pages in docs/reference`);
