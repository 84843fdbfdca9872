import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFlamingo } from "../../src/checkpoints/flamingo-folder.node.js";
import { saveModelFolder } from "../../src/checkpoints/model-folder.node.js";
import { readOnnxFile } from "../../src/checkpoints/onnx.node.js";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { exportModel } from "../../src/conversion/export.node.js";
import { importModel } from "../../src/conversion/import.node.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { exportGraphs } from "../../src/generation/export.node.js";
import { quantiseParameters } from "../../src/nn/quantised.js";
import { Random } from "../../src/random.js";
import { fromOnnx, type Tensor } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { feedsFor } from "../support/graph-feeds.js";
import { saveOpenFlamingo, savePublishedIdefics } from "./models.js";

const { PYTHON, OPEN_FLAMINGO } = process.env;
const script = (name: string) => fileURLToPath(new URL(`../../tools/reference/${name}`, import.meta.url));

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-reference-"));
});
afterAll(() => rm(place, { recursive: true }));

function python(name: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON!, [script(name), ...args], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout;
}

const NEEDS =
  "skipped unless Python is named: PYTHON=venv/bin/python OPEN_FLAMINGO=open_flamingo npx vitest run test/conversion/reference.test.ts, the one with tools/reference/requirements.txt, the other a checkout of github.com/mlfoundations/open_flamingo";

describe.skipIf(PYTHON === undefined)(`an export (${NEEDS})`, () => {
  it.each(["published", "vector-gates", "no-resampler"])(
    "of IDEFICS %s is loaded by transformers without a tensor missing or left over, and says what it said",
    async (name) => {
      await savePublishedIdefics(at(name), name);
      await importModel(at(name), at(`${name}-model`));
      await exportModel(at(`${name}-model`), "idefics", at(`${name}-out`));
      const fixture = fileURLToPath(new URL(`../fixtures/idefics-${name}.safetensors`, import.meta.url));
      expect(python("exports.py", "idefics", at(`${name}-out`), fixture)).toMatch(/prompt 3: /);
    },
    120_000,
  );

  it.skipIf(OPEN_FLAMINGO === undefined).each(["neox", "mpt", "llama", "opt"])(
    "of OpenFlamingo around %s is loaded by its own code, and says what it says here (needs OPEN_FLAMINGO)",
    async (name) => {
      const config = await saveOpenFlamingo(at(name), name);
      await exportModel(at(name), "openflamingo", at(`${name}-out`));
      const { size } = config.vision;
      const random = new Random(name);
      const picture = () => Float32Array.from({ length: size * size * 3 }, () => random.normal());
      const pictures = [picture(), picture()];
      const image = config.language.vocabulary - 2;
      const tokens = [5, image, 7, 8, image - 1, image, 9, 10];
      await using thread = await startEngine(at(name), { threads: 2 });
      const media = await thread.remote.look(pictures, [1, size, size, 3]);
      const lastMedia = [0, 1, 1, 1, 1, 2, 2, 2];
      const { logits } = await thread.remote.read({ from: null, tokens, lastMedia, media });
      const row = (numbers: Iterable<number>) => {
        const data = Float32Array.from(numbers);
        return { shape: [data.length], data };
      };
      const expected = new Map([
        ["pictures", { shape: [2, size, size, 3], data: row([...pictures[0]!, ...pictures[1]!]).data }],
        ["tokens", row(tokens)],
        ["media", row([0, 1])],
        ["logits", row(logits)],
      ]);
      await writeFile(at(`${name}.safetensors`), writeSafetensors(expected));
      python("exports.py", "openflamingo", at(`${name}-out`), at(`${name}.safetensors`), OPEN_FLAMINGO!);
    },
    120_000,
  );

  it.each(["F32", "F16", "BF16", "int8"] as const)(
    "of graphs whose weights are %s passes ONNX's checker, and ONNX Runtime in Python says what ours says",
    async (dtype) => {
      const [model, out] = [at(`graphs-${dtype}`), at(`graphs-${dtype}-out`)];
      await saveOpenFlamingo(model, "llama", dtype === "int8" ? "F32" : dtype);
      if (dtype === "int8") {
        const { config, tokenizer, params } = await readFlamingo(model);
        await saveModelFolder(model, { config, tokenizer, params: quantiseParameters(params, "int8") });
      }
      await exportGraphs(model, out);
      for (const name of ["look", "read"]) {
        const { bytes, model: file } = await readOnnxFile(join(out, `${name}.onnx`));
        const inputs = feedsFor(file, name);
        await using program = await nodeRuntime.compile(fromOnnx(bytes), { weightsFolder: out });
        const outputs = await program.run(inputs);
        await writeFile(
          join(out, `${name}.onnx.json`),
          JSON.stringify({ inputs: plain(inputs), outputs: plain(outputs) }),
        );
      }
      expect(python("onnx_files.py", out)).toMatch(/look.onnx: checked.*\nread.onnx: checked/);
    },
    120_000,
  );
});

/** Tensors as `onnx_files.py` reads them. */
function plain(tensors: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [
      name,
      { dtype: data instanceof Int32Array ? "int32" : "float32", shape, data: Array.from(data, Number) },
    ]),
  );
}
