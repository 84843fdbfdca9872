/**
 * Benchmarks: `npm run bench -- PAGE [--once] [--write]`. Prints a page of markdown, and with `--write` puts it beside this
 * file. Run it on a machine that does nothing else.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { answer } from "./answer.js";
import { type Effort, machine, ownVersion } from "./measure.js";
import { stall } from "./stall.js";
import { trainingStep } from "./training-step.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    once: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    runs: { type: "string", default: "nano-language,nano-vision,nano" },
    model: { type: "string" },
    shots: { type: "string", default: "3" },
    omniglot: { type: "string" },
  },
});

const PAGES: Readonly<Record<string, { readonly title: string; readonly body: (effort: Effort) => Promise<string> }>> =
  {
    "training-step": {
      title: "One step of a training",
      body: (effort) =>
        trainingStep(effort, {
          runs: values.runs.split(","),
          page: values.omniglot === undefined ? {} : { omniglot: values.omniglot },
        }),
    },
    answer: {
      title: "One answer from examples",
      body: (effort) => answer(effort, { model: values.model, shots: Number(values.shots) }),
    },
    stall: {
      title: "Stalls of the main thread",
      body: (effort) => stall(effort, { model: values.model }),
    },
  };

const name = positionals[0] ?? "";
const page = PAGES[name];
if (page === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(PAGES).join("|")} [--once] [--write]\n`);
  process.exitCode = 2;
} else {
  const effort: Effort = values.once ? { repetitions: 1, small: true } : { repetitions: 20, small: false };
  const text = [
    `# ${page.title}`,
    "",
    `\`npm run bench -- ${process.argv
      .slice(2)
      .filter((argument) => argument !== "--write")
      .join(" ")}\` of flamingo-ts ${ownVersion()} on ${machine()}.`,
    "",
    await page.body(effort),
    "",
  ].join("\n");
  process.stdout.write(text);
  if (values.write) await writeFile(`bench/${name}.md`, text);
}
