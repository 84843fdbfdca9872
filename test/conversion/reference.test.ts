import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/checkpoints/safetensors-write.js";
import { exportModel } from "../../src/conversion/export.node.js";
import { importModel } from "../../src/conversion/import.node.js";
import { startEngine } from "../../src/generation/engine.node.js";
import { Random } from "../../src/random.js";
import { saveOpenFlamingo, savePublishedIdefics } from "./models.js";

const { PYTHON, OPEN_FLAMINGO } = process.env;
const SCRIPT = fileURLToPath(new URL("../../tools/reference/exports.py", import.meta.url));

let place: string;
const at = (...names: readonly string[]) => join(place, ...names);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-reference-"));
});
afterAll(() => rm(place, { recursive: true }));

function python(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON!, [SCRIPT, ...args], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout;
}

describe.skipIf(PYTHON === undefined)("an export (needs PYTHON, one with tools/reference/requirements.txt)", () => {
  it.each(["published", "vector-gates", "no-resampler"])(
    "of IDEFICS %s is loaded by transformers without a tensor missing or left over, and says what it said",
    async (name) => {
      await savePublishedIdefics(at(name), name);
      await importModel(at(name), at(`${name}-model`));
      await exportModel(at(`${name}-model`), "idefics", at(`${name}-out`));
      const fixture = fileURLToPath(new URL(`../fixtures/idefics-${name}.safetensors`, import.meta.url));
      expect(python("idefics", at(`${name}-out`), fixture)).toMatch(/prompt 3: /);
    },
    120_000,
  );

  it.skipIf(OPEN_FLAMINGO === undefined).each(["neox", "mpt", "llama", "opt"])(
    "of OpenFlamingo around %s is loaded by its own code, and says what it says here (needs OPEN_FLAMINGO, a checkout)",
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
      python("openflamingo", at(`${name}-out`), at(`${name}.safetensors`), OPEN_FLAMINGO!);
    },
    120_000,
  );
});
