/** Web pages to documents, beside trafilatura and BeautifulSoup in a process of Python. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { worldItem } from "#dist/data/sources/world.js";
import { worldPage } from "#dist/data/sources/world-files.js";
import { extract } from "#dist/data/web/extract.js";
import { type Effort, median, type Page, type Row, timed, written } from "./measure.js";
import { startPagesPeer } from "./pages-peer.js";

const ADDRESS = "http://fakehost/test/page.html";
const WORLD_PAGES = 5000;

export interface PagesOptions {
  /** A Python with trafilatura, beautifulsoup4, lxml and lxml_html_clean; without them the peer takes no part. */
  readonly python: string;
  /** The folder of pages with known answers; those of the world alone where it is not there. */
  readonly folder: string;
}

/** Pages a second of both, in turns, on the same pages: those with known answers and 5,000 of the world. */
export async function dataPages(effort: Effort, { python, folder }: PagesOptions): Promise<Page> {
  const known = existsSync(folder) ? knownPages(folder) : [];
  const world = Array.from({ length: effort.small ? 20 : WORLD_PAGES }, (_, number) => Buffer.from(worldHtml(number)));
  const pages = [...known, ...world];
  const scratch = mkdtempSync(join(tmpdir(), "flamingo-pages-"));
  try {
    const paths = pages.map((page, number) => {
      const path = join(scratch, `${number}.html`);
      writeFileSync(path, page);
      return { url: ADDRESS, path };
    });
    const peer = await startPagesPeer(python, paths).catch((error: unknown) => String(error));
    const ours: number[] = [];
    const theirs: number[] = [];
    const readAll = () =>
      timed(async () => {
        for (const page of pages) extract(page, { url: ADDRESS });
      });
    await readAll();
    for (let turn = 0; turn < effort.repetitions; turn += 1) {
      ours.push((1000 * pages.length) / (await readAll()));
      if (typeof peer !== "string") theirs.push((1000 * pages.length) / (await peer.step()));
    }
    if (typeof peer !== "string") await peer[Symbol.asyncDispose]();
    return report(ours, theirs, typeof peer === "string" ? peer : peer.name, {
      known: known.length,
      world: world.length,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(
  ours: readonly number[],
  theirs: readonly number[],
  peer: string,
  { known, world }: { readonly known: number; readonly world: number },
): Page {
  const value = median(ours);
  const what = `${written(known)} pages with known answers and ${written(world)} of the world`;
  const heading = "## HTML to document";
  const own = `flamingo-ts reads ${written(value)} pages/s`;
  if (theirs.length === 0) return { text: `${heading}\n\n${what}: ${own}. Python took no part: ${peer}.`, rows: [] };
  const against = median(theirs);
  const row: Row = {
    name: "HTML to document",
    value,
    unit: "pages/s",
    against: peer,
    ratio: value / against,
    target: 3,
  };
  return {
    text: `${heading}\n\n${what}, each read to text and images, one process of each kind in turns: ${own}, ${peer} ${written(against, 1)}. That is **${written(row.ratio, 1)}** times as many (wanted: 3).`,
    rows: [row],
  };
}

function knownPages(folder: string): Buffer[] {
  const files = readdirSync(folder).map((name) => join(folder, name, "source.html"));
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file));
}

/** A page of the world, as `flamingo data world` writes it. */
function worldHtml(number: number): string {
  const draw = { seed: "pages of the benchmark", size: 64 };
  const item = worldItem("pages", number, draw);
  if (item.kind !== "pages") throw new Error(`${item.kind} instead of a page`);
  return worldPage(item, number, draw, (id, n) => `images/${id}-${n + 1}.png`).html;
}
