/**
 * Puts what was measured into the pages: `npm run measures`. It reads `models/nano/measures.json`, which
 * `flamingo evaluate nano-suite --json` printed, and writes the table between the marks `<!-- measures -->` and
 * `<!-- /measures -->` of every page that has them. No number of a table is typed by hand.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readFlamingo } from "#dist/checkpoints/flamingo-folder.node.js";
import { type Report, SUITES, type Suite } from "#dist/evaluation/index.js";
import { countParameters } from "#dist/nn/parameters.js";

export const MEASURED = "models/nano";
export const MEASURED_PAGES = ["README.md", "models/nano/MODEL_CARD.md"] as const;
const PLACE = /(<!-- measures -->\n)[\s\S]*?(<!-- \/measures -->)/;

/** What the pages say of the model in a folder: its size and its measures. */
export async function measuresText(root: string): Promise<string> {
  const folder = join(root, MEASURED);
  const { config, params } = await readFlamingo(folder);
  const report = JSON.parse(readFileSync(join(folder, "measures.json"), "utf8")) as Report;
  const suite = SUITES.find(({ tasks }) => tasks.some(({ name }) => name === report.measures[0]?.name));
  if (suite === undefined) throw new Error("measures.json is of no suite that is known");
  const megabytes = statSync(join(folder, "model.safetensors")).size / 2 ** 20;
  const millions = countParameters(params) / 1e6;
  return [
    `\`${config.name}\` has ${millions.toFixed(1)} million parameters in a file of ${megabytes.toFixed(1)} MiB.`,
    "",
    measuresTable(report, suite),
    "",
  ].join("\n");
}

/** A report as a table of markdown. */
export function measuresTable({ measures }: Report, suite: Suite): string {
  const percent = (share: number) => (100 * share).toFixed(1);
  const rows = measures.map((measure) => {
    const task = suite.tasks.find(({ name }) => name === measure.name);
    const what = [`\`${measure.name}\``, task?.summary ?? ""];
    if (measure.value === null) return [...what, "not measured", "", ""];
    const interval = `${percent(measure.low)} to ${percent(measure.high)}`;
    return [...what, `${percent(measure.value)}`, interval, task === undefined ? "" : percent(task.chance)];
  });
  const all = [
    ["measure", "what is asked", "right, %", "95% interval", "chance, %"],
    ["---", "---", "---", "---", "---"],
    ...rows,
  ];
  return all.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A page with the text between its marks. */
export function withMeasures(page: string, text: string): string {
  if (!PLACE.test(page)) throw new Error("the page has no place for measures");
  return page.replace(PLACE, (_, begin, end) => `${begin}${text}${end}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const text = await measuresText(".");
  for (const path of MEASURED_PAGES) {
    if (!existsSync(path)) continue;
    const page = readFileSync(path, "utf8");
    if (PLACE.test(page)) writeFileSync(path, withMeasures(page, text));
  }
}
