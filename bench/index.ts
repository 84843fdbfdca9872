/**
 * Benchmarks: `npm run bench -- [PAGE] [--json] [--once] [--write]`. Prints a page of markdown, or its figures as JSON, and
 * with `--write` puts the page beside this file. Run it on a machine that does nothing else.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Device } from "#dist/runtime/contract.js";
import { agreement } from "./agreement.js";
import { answer } from "./answer.js";
import { browser } from "./browser.js";
import { data } from "./data.js";
import { type Effort, machine, ownVersion, type Page } from "./measure.js";
import { quantised } from "./quantised.js";
import { realSize } from "./real-size.js";
import { speed } from "./speed.js";
import { stall } from "./stall.js";
import { trainingStep } from "./training-step.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    once: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    runs: { type: "string", default: "nano-language,nano-vision,nano" },
    model: { type: "string" },
    shots: { type: "string", default: "3" },
    omniglot: { type: "string" },
    python: { type: "string", default: "python3" },
    device: { type: "string", default: "cpu" },
    kept: { type: "string", default: "f32,int8,int4" },
  },
});

const device: Device = values.device === "webgpu" ? "webgpu" : "cpu";

interface Benchmark {
  readonly title: string;
  /** Measurements of each thing. */
  readonly repetitions: number;
  readonly page: (effort: Effort) => Promise<Page>;
}

const PAGES: Readonly<Record<string, Benchmark>> = {
  speed: {
    title: "Training beside other engines",
    repetitions: 7,
    page: (effort) => speed(effort, { python: values.python }),
  },
  "training-step": {
    title: "One step of a training",
    repetitions: 20,
    page: (effort) =>
      trainingStep(effort, {
        runs: values.runs.split(","),
        device,
        page: values.omniglot === undefined ? {} : { omniglot: values.omniglot },
      }),
  },
  answer: {
    title: "One answer from examples",
    repetitions: 20,
    page: (effort) => answer(effort, { model: values.model, shots: Number(values.shots), device }),
  },
  browser: {
    title: "One answer wherever it is asked",
    repetitions: 1,
    page: (effort) => browser(effort, { gpu: device === "webgpu" }),
  },
  quantised: {
    title: "A model held in fewer bits",
    repetitions: 1,
    page: (effort) => quantised(effort, { model: values.model }),
  },
  "real-size": {
    title: "OpenFlamingo-3B at its real size",
    repetitions: 1,
    page: (effort) => realSize(effort, { kept: values.kept.split(",") }),
  },
  agreement: {
    title: "A model beside itself in fewer bits",
    repetitions: 1,
    page: (effort) => agreement(effort, { model: values.model }),
  },
  data: {
    title: "Training data beside Python",
    repetitions: 5,
    page: (effort) => data(effort, { python: values.python }),
  },
  stall: {
    title: "Stalls of the main thread",
    repetitions: 20,
    page: (effort) => stall(effort, { model: values.model }),
  },
};

const name = positionals[0] ?? "speed";
const benchmark = PAGES[name];
if (benchmark === undefined) {
  process.stderr.write(`usage: npm run bench -- [${Object.keys(PAGES).join("|")}] [--json] [--once] [--write]\n`);
  process.exitCode = 2;
} else {
  const effort: Effort = values.once
    ? { repetitions: 1, small: true }
    : { repetitions: benchmark.repetitions, small: false };
  const page = await benchmark.page(effort);
  const text = [
    `# ${benchmark.title}`,
    "",
    `\`npm run bench -- ${asked()}\` of flamingo-ts ${ownVersion()} on ${machine()}.`,
    "",
    page.text,
    "",
  ].join("\n");
  process.stdout.write(values.json ? `${JSON.stringify({ machine: machine(), rows: page.rows }, null, 2)}\n` : text);
  if (values.write) await writeFile(`bench/${name}.md`, text);
}

/** The arguments that say what was measured; where the page goes and where a Python stands are not among them. */
function asked(): string {
  return process.argv
    .slice(2)
    .filter((argument) => argument !== "--write" && argument !== "--json")
    .join(" ")
    .replace(/--python[ =]\S+/, "--python PYTHON");
}
