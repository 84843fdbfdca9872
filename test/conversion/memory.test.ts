/** How much memory an import takes, as the kernel counted it for a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mptConfig } from "../../src/checkpoints/families/mpt.js";
import { mptNames } from "../../src/checkpoints/names/mpt.js";
import { initLanguage } from "../../src/model/language/language.js";
import { Undrawn } from "../../src/random.js";
import { sparseFolder } from "../support/sparse.js";

const BIN = fileURLToPath(new URL("../../bin/flamingo.js", import.meta.url));
const MiB = 2 ** 20;

/** Loaded before the command, it tells at the end the most that was resident: `VmHWM: 12345 kB`. */
const TELL = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeSync } from "node:fs";
   process.on("exit", () => writeSync(2, /^VmHWM.*$/m.exec(readFileSync("/proc/self/status", "utf8"))[0]));`,
)}`;

const noProc = process.platform === "linux" ? "" : ": skipped, for memory is read from /proc, which only Linux has";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-import-memory-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** An MPT whose numbers are all 0. */
function languageModel(name: string, { width, layers, rows }: { width: number; layers: number; rows: number }) {
  const json = {
    model_type: "mpt",
    d_model: width,
    n_heads: width / 64,
    n_layers: layers,
    vocab_size: rows,
    no_bias: true,
    attn_config: { alibi: true },
  };
  const tokenizer = {
    added_tokens: [],
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
  };
  const config = mptConfig(json, name);
  return sparseFolder(
    join(folder, name),
    { tree: initLanguage(new Undrawn(), config), rows: mptNames(config), dtype: "F32" },
    { "config.json": JSON.stringify(json), "tokenizer.json": JSON.stringify(tokenizer) },
  );
}

/** The most bytes that a process which imports has resident. */
async function peakOf(source: string, ...flags: string[]): Promise<number> {
  const out = `${source}-${flags.join("")}`;
  const importing = spawn(process.execPath, ["--import", TELL, BIN, "import", source, "--out", out, ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said, [code]] = await Promise.all([text(importing.stderr), once(importing, "close")]);
  expect(code, said).toBe(0);
  expect((await stat(join(out, "model.safetensors"))).size).toBeGreaterThan(0);
  await rm(out, { recursive: true });
  return Number(/VmHWM:\s+(\d+) kB/.exec(said)![1]) * 1024;
}

describe("the memory that an import takes", () => {
  it.skipIf(noProc !== "")(
    `is that of its largest tensor and little more, whatever the size of the model${noProc}`,
    async () => {
      const tiny = await languageModel("tiny", { width: 64, layers: 1, rows: 64 });
      const large = await languageModel("large", { width: 1024, layers: 12, rows: 25_600 });
      const [size, largest] = [(await stat(join(large, "model.safetensors"))).size, 4 * 25_600 * 1024];
      const base = await peakOf(tiny);
      // Beside it there are a window of the file, and what the garbage collector has not come to: about 100 MiB, more when it is late.
      const bound = largest + 180 * MiB;
      expect(bound).toBeLessThan(size / 2);
      expect((await peakOf(large)) - base, "as it is").toBeLessThan(bound);
      expect((await peakOf(large, "--quantize", "int4")) - base, "int4").toBeLessThan(bound);
    },
  );
});
