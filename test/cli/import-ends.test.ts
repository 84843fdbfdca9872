/** Every way in which an import can end before its end, and where checkpoints come from. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gpt2Config } from "../../src/checkpoints/families/gpt2.js";
import { gpt2Names } from "../../src/checkpoints/names/gpt2.js";
import { below } from "../../src/checkpoints/names/rows.js";
import { initLanguage } from "../../src/model/language/language.js";
import { Undrawn } from "../../src/random.js";
import { command, start } from "../support/command.js";
import { COMMIT, startHub } from "../support/hub-server.js";
import { CHECKPOINTS, copied, published, referenceAnswer } from "../support/published.js";
import { sparseFolder } from "../support/sparse.js";

let place: string;
const at = (...names: string[]) => join(place, ...names);
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-import-ends-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(place, { recursive: true, force: true });
});

/** A GPT-2 of 200 MB that takes a moment to import. */
async function largeModel(): Promise<string> {
  const config = { model_type: "gpt2", vocab_size: 64, n_embd: 1024, n_layer: 8, n_head: 16, n_positions: 512 };
  const own = gpt2Config(config, "there");
  return sparseFolder(
    at("large"),
    {
      tree: { language: initLanguage(new Undrawn(), own) },
      rows: below(gpt2Names(own), "language.", ""),
    },
    {
      "config.json": JSON.stringify(config),
      "tokenizer.json": await readFile(published("neox", "tokenizer.json"), "utf8"),
      "tokenizer_config.json": await readFile(published("neox", "tokenizer_config.json"), "utf8"),
    },
  );
}

/** Waits until an import has begun to write weights. */
async function untilWriting(folder: string): Promise<string> {
  for (let tries = 0; tries < 6000; tries++) {
    const half = (await readdir(folder).catch(() => [])).find((name) => name.endsWith(".partial"));
    if (
      half !== undefined &&
      (await readdir(join(folder, half)).catch((): string[] => [])).includes("model.safetensors")
    )
      return half;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("nothing was ever written");
}

describe("an import that is ended from outside", () => {
  it("leaves nothing under its name if it is killed, and the next one is whole", async () => {
    const args = ["import", await largeModel(), "--out", at("out", "model")];
    const { process: killed, ended } = start(args);
    const half = await untilWriting(at("out"));
    killed.kill("SIGKILL");
    expect((await ended).code).toBeNull();
    expect(await readdir(at("out"))).toEqual([half]);
    expect(await readdir(at("out", half))).not.toContain("config.json");
    const asked = await command(["inspect", at("out", "model")]);
    expect(asked.code).toBe(1);
    expect((await command(args)).code).toBe(0);
    expect((await readdir(at("out", "model"))).sort()).toEqual([
      "config.json",
      "import.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  it("takes away what it wrote if it is interrupted, and leaves the older model as it was", async () => {
    const args = ["import", await largeModel(), "--out", at("out", "model")];
    expect((await command(["import", published("neox"), "--out", at("out", "model")])).code).toBe(0);
    const before = await readFile(at("out", "model", "model.safetensors"));
    const { process: stopped, ended } = start(args);
    await untilWriting(at("out"));
    stopped.kill("SIGINT");
    const { code, out, err } = await ended;
    expect(err).toMatch(/Stopping, and taking away what was written; once more to stop at once\.\n(.*\n)*Stopped\./);
    expect([code, out]).toEqual([130, ""]);
    expect(await readdir(at("out"))).toEqual(["model"]);
    expect(Buffer.compare(await readFile(at("out", "model", "model.safetensors")), before)).toBe(0);
  });
});

describe("a new Flamingo that is ended from outside", () => {
  it("takes away what it wrote if it is interrupted", async () => {
    for (const [source, name] of [
      [await largeModel(), "words"],
      [published("clip"), "eyes"],
    ] as const)
      expect((await command(["import", source, "--out", at(name)])).code).toBe(0);
    const { process: stopped, ended } = start([
      ...["new", "--language", at("words"), "--vision", at("eyes"), "--out", at("out", "model")],
    ]);
    await untilWriting(at("out"));
    stopped.kill("SIGINT");
    const { code, out, err } = await ended;
    expect(err).toMatch(/Stopping, and taking away what was written; once more to stop at once\.\n(.*\n)*Stopped\./);
    expect([code, out]).toEqual([130, ""]);
    expect(await readdir(at("out"))).toEqual([]);
  });
});

describe("an import to a place that cannot take it", () => {
  const idefics = ["import", published("idefics"), "--out"];
  const refused = async (out: string, wanted: RegExp) => {
    const { code, err, out: written } = await command([...idefics, out]);
    expect(err).toMatch(wanted);
    expect([code, written]).toEqual([1, ""]);
  };

  it("says what stands there, before the checkpoint is looked at", async () => {
    await mkdir(at("letters"));
    await writeFile(at("letters", "to-anna.txt"), "dear Anna");
    await refused(at("letters"), /letters holds other things \(to-anna\.txt\)/);
    const { err } = await command(["import", at("nowhere"), "--out", at("letters")]);
    expect(err).toMatch(/letters holds other things/);
    await refused(at("letters", "to-anna.txt"), /to-anna\.txt cannot be written: ENOTDIR/);
    await refused(at("letters", "to-anna.txt", "model"), /cannot be written|is no folder/);
    expect(await readdir(at("letters"))).toEqual(["to-anna.txt"]);
  });

  it("spares a checkpoint of another program that stands there, be it the one that is imported", async () => {
    await copied("idefics", at("downloaded"), {});
    const before = await readdir(at("downloaded"));
    for (const source of [published("neox"), at("downloaded")]) {
      const { code, err } = await command(["import", source, "--out", at("downloaded")]);
      expect(err).toMatch(
        /downloaded holds a model of another program, by its config\.json, which would be lost\.\nTo mend/,
      );
      expect(code).toBe(1);
    }
    expect(await readdir(at("downloaded"))).toEqual(before);
    expect(await readdir(place)).toEqual(["downloaded"]);
  });

  it.skipIf(process.platform !== "linux")("says that nothing can be written there (of Linux, /proc)", async () => {
    await refused("/proc/flamingo/model", /\/proc\/flamingo\S* cannot be written: /);
  });

  it.skipIf(process.platform === "win32")(
    "says which tensor found no space and how much it needs, if the disk is full on the way (a limit of the shell stands for the disk)",
    async () => {
      const bin = fileURLToPath(new URL("../../bin/flamingo.js", import.meta.url));
      const given = CHECKPOINTS["openflamingo-mpt"];
      const args = ["import", published("openflamingo-mpt"), ...given, "--out", at("out", "model")];
      const script = 'trap "" XFSZ; ulimit -f 24; exec "$0" "$@"';
      const limited = spawn("bash", ["-c", script, process.execPath, bin, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [out, err, [code]] = await Promise.all([
        text(limited.stdout),
        text(limited.stderr),
        once(limited, "close"),
      ]);
      expect(err).toMatch(
        /model\.safetensors cannot be written: tensor \S+ needs \d+ bytes, and there is no space for them \(EFBIG.*\n.*free \d+ bytes there, or choose another disk; nothing was kept/,
      );
      expect([code, out]).toEqual([1, ""]);
      expect(await readdir(at("out"))).toEqual([]);
    },
  );
});

describe("a checkpoint on the hub", () => {
  async function filesOf(name: string): Promise<Record<string, Uint8Array>> {
    const names = await readdir(published(name));
    const files = await Promise.all(names.map(async (file) => [file, await readFile(published(name, file))] as const));
    return Object.fromEntries([
      ...files,
      ["README.md", Buffer.from("# A model")],
      ["flax_model.msgpack", Buffer.alloc(9)],
    ]);
  }
  const stub = (endpoint: string, more: Record<string, string> = {}) => {
    const env = { HF_ENDPOINT: endpoint, HF_HUB_CACHE: at("cache"), HF_TOKEN: "hf_test", NO_PROXY: "*", no_proxy: "*" };
    for (const [name, value] of Object.entries({ ...env, ...more })) vi.stubEnv(name, value);
  };

  it("is fetched, only what is needed of it, imported, and answers as its own code does", async () => {
    await using hub = await startHub({ files: await filesOf("idefics") });
    stub(hub.endpoint);
    const { code, out, err } = await command(["import", "hf:owner/name", "--out", at("model"), "--json"]);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ kind: "idefics", name: "name" });
    expect(err).toMatch(/^hf:owner\/name at 0123456789ab: 5 files\n/);
    expect(err).toMatch(/\nmodel-00001-of-00002\.safetensors {2}11\.\d KiB, verified\n/);
    const asked = hub.heard.map(({ url }) => url).join(" ");
    expect(asked).not.toMatch(/README|msgpack|answer/);
    expect(hub.heard.filter(({ url }) => url.startsWith("/api/models/"))).toHaveLength(1);
    const { prompt, greedy } = referenceAnswer("idefics");
    const pieces = (prompt as readonly object[]).map((piece) => Object.values(piece)[0] as string);
    const answered = await command(["generate", ...pieces, "--model", at("model"), "--max-tokens", "8", "--json"]);
    expect(JSON.parse(answered.out).tokens).toEqual(greedy);
  });

  it("is fetched once: a second import asks only where its branch is now, and of a commit nothing at all", async () => {
    const endpoint = await (async () => {
      await using hub = await startHub({ files: await filesOf("openflamingo-neox"), revisions: { "v1.0": COMMIT } });
      stub(hub.endpoint);
      const given = CHECKPOINTS["openflamingo-neox"];
      const first = await command(["import", "hf:owner/name@v1.0", "--out", at("first"), ...given]);
      expect(first.code, first.err).toBe(0);
      const before = hub.heard.length;
      const second = await command(["import", "hf:owner/name@v1.0", "--out", at("second"), ...given]);
      expect(second.code, second.err).toBe(0);
      expect(hub.heard.slice(before).map(({ url }) => url.split("?")[0])).toEqual([
        "/api/models/owner/name/revision/v1.0",
      ]);
      return hub.endpoint;
    })();
    const given = CHECKPOINTS["openflamingo-neox"];
    const pinned = await command(["import", `hf:owner/name@${COMMIT}`, "--out", at("pinned"), ...given]);
    expect(pinned.code, pinned.err).toBe(0);
    stub(endpoint, { HF_HUB_OFFLINE: "1" });
    const offline = await command(["import", "hf:owner/name@v1.0", "--out", at("offline"), ...given]);
    expect(offline.code, offline.err).toBe(0);
    const [first, last] = await Promise.all(
      ["first", "offline"].map((name) => readFile(at(name, "model.safetensors"))),
    );
    expect(Buffer.compare(first!, last!)).toBe(0);
  });

  it("that is not there, or is not to be had, is told, and no folder made", async () => {
    await using hub = await startHub({ files: await filesOf("idefics"), token: "hf_right" });
    stub(hub.endpoint);
    const gated = await command(["import", "hf:owner/name", "--out", at("out", "model")]);
    expect([gated.code, gated.err]).toEqual([1, expect.stringMatching(/HF_TOKEN/)]);
    stub(hub.endpoint, { HF_TOKEN: "hf_right" });
    const unknown = await command(["import", "hf:owner/other", "--out", at("out", "model")]);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/owner\/other/)]);
    expect(await readdir(place)).not.toContain("out");
  });
});
