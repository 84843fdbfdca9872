/** The manifests of examples/cluster, run by processes of this machine in the places of pods and tasks, some of which are killed. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPart } from "../../src/data/shards/build.js";
import { verifyShards } from "../../src/data/shards/verify.js";
import { Random } from "../../src/random.js";
import { ROOT } from "../support/markdown.js";
import { madeRecord, madeRecords } from "./records.js";

const PARTS = 3;
const RECORDS = 450;

let place: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-cluster-"));
  await buildPart({ folder: at("in"), settings: {}, source: () => madeRecords("a", RECORDS), shardRecords: 50 });
  await mkdir(at("bin"));
  await symlink(join(ROOT, "bin/flamingo.js"), join(at("bin"), "flamingo"));
});
afterAll(() => rm(place, { recursive: true }));

/** What a part's process is started with; `{i}` of `PARTS` is put into the variables that the cluster would set. */
interface Cluster {
  readonly script: string;
  readonly variables: (index: number) => Record<string, string>;
}

async function kubernetes(): Promise<Cluster> {
  const yaml = await readFile(join(ROOT, "examples/cluster/kubernetes.yaml"), "utf8");
  const [, indent, block] = /^( +)- \|\n((?:\1 {2}.*\n)+)/m.exec(yaml)!;
  const shell = /command: \["\/bin\/sh", "-c"\]/.test(yaml) && /completionMode: Indexed/.test(yaml);
  expect(shell, "the manifest runs a shell, once for each index").toBe(true);
  expect(/completions: (\d+)/.exec(yaml)![1]).toBe(/PARTS, value: "(\d+)"/.exec(yaml)![1]);
  const script = block!.replaceAll(new RegExp(`^${indent} {2}`, "gm"), "");
  return { script, variables: (index) => ({ JOB_COMPLETION_INDEX: `${index}`, PARTS: `${PARTS}` }) };
}

async function slurm(): Promise<Cluster> {
  const script = await readFile(join(ROOT, "examples/cluster/slurm.sh"), "utf8");
  expect(script).toMatch(/^#SBATCH --array=0-\d+$/m);
  return {
    script,
    variables: (index) => ({ SLURM_ARRAY_TASK_ID: `${index}`, SLURM_ARRAY_TASK_COUNT: `${PARTS}` }),
  };
}

function startPart({ script, variables }: Cluster, out: string, index: number) {
  const env = {
    ...process.env,
    ...variables(index),
    RECORDS: "5",
    IN: at("in"),
    OUT: out,
    PATH: `${at("bin")}:${process.env.PATH}`,
  };
  return spawn("bash", ["-c", script], { env, stdio: ["ignore", "ignore", "pipe"] });
}

async function runToTheEnd(cluster: Cluster, out: string): Promise<void> {
  for (let index = 0; index < PARTS; index++) {
    const child = startPart(cluster, out, index);
    let err = "";
    child.stderr.on("data", (some) => {
      err += some;
    });
    const [code] = await once(child, "close");
    expect({ code, err }).toEqual({ code: 0, err: expect.any(String) });
  }
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const hashes = names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return [name, createHash("sha256").update(bytes).digest("hex")];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

describe.each([
  ["kubernetes.yaml", 20, kubernetes],
  ["slurm.sh", 6, slurm],
] as const)("examples/cluster/%s", (name, kills, read) => {
  it("gives the same bytes when processes are killed at random moments, again and again", {
    timeout: 300_000,
  }, async () => {
    const cluster = await read();
    const whole = at(`${name}-whole`);
    await runToTheEnd(cluster, whole);
    const wanted = await contents(whole);
    expect(Object.keys(wanted).length).toBe(PARTS * (2 * (RECORDS / PARTS / 5) + 1));

    const out = at(`${name}-killed`);
    const random = new Random(name);
    let [unfinished, midway] = [0, 0];
    for (let kill = 0; kill < kills; kill++) {
      const child = startPart(cluster, out, kill % PARTS);
      // From before the first file to after the last one: what there is grows with every attempt.
      const before = (await readdir(out).catch(() => [])).length;
      const ends = once(child, "close");
      const deadline = random.integer(12);
      for (let tries = 0; child.exitCode === null && tries < 2000; tries++) {
        const now = await readdir(out).catch(() => []);
        if (now.length >= before + deadline) break;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      child.kill("SIGKILL");
      const [, signal] = await ends;
      if (signal === "SIGKILL") unfinished++;
      if ((await readdir(out).catch(() => [])).some((file) => file.endsWith(".partial"))) midway++;
    }
    expect(unfinished, "processes that were killed before they ended").toBeGreaterThan(kills / 2);
    expect(midway, "kills that left a file half written").toBeGreaterThan(0);
    expect(await contents(out)).not.toEqual(wanted);

    await runToTheEnd(cluster, out);
    expect(await contents(out)).toEqual(wanted);
    const faults: unknown[] = [];
    expect(await verifyShards(out, (fault) => faults.push(fault))).toMatchObject({ records: RECORDS, faults: 0 });

    await runToTheEnd(cluster, out);
    expect(await contents(out)).toEqual(wanted);
  });
});

/** Of pyspark what spark.py asks for, on one machine. Its `pipe` starts programs as that of Spark does: with no environment but what it is given. */
const PYSPARK = `
import os, shlex, subprocess

class RDD:
    def __init__(self, partitions): self.partitions = partitions
    def pipe(self, command, env=None, checkCode=False):
        def run(lines):
            done = subprocess.run(shlex.split(command), env=env or {}, input="".join(f"{x}\\n" for x in lines), stdout=subprocess.PIPE, text=True)
            assert done.returncode == 0 or not checkCode
            return done.stdout.split("\\n")[:-1]
        return RDD([run(lines) for lines in self.partitions])
    def saveAsTextFile(self, path):
        os.makedirs(path)
        for n, lines in enumerate(self.partitions):
            with open(f"{path}/part-{n:05d}", "w") as file: file.writelines(f"{x}\\n" for x in lines)

class SparkSession:
    class builder:
        appName = staticmethod(lambda name: SparkSession.builder)
        getOrCreate = staticmethod(lambda: SparkSession())
    sparkContext = property(lambda self: self)
    def parallelize(self, items, count): return RDD([items[n::count] for n in range(count)])
`;

describe("examples/cluster/spark.py", () => {
  it("gives an outline of every record, the programs it pipes through finding their way", async (context) => {
    const python = spawnSync("python3", ["--version"]);
    if (python.error !== undefined) context.skip("there is no python3");
    await mkdir(at("pyspark"));
    await writeFile(at("pyspark/__init__.py"), "");
    await writeFile(at("pyspark/sql.py"), PYSPARK);
    const env = {
      ...process.env,
      PATH: `${at("bin")}:${process.env.PATH}`,
      PYTHONPATH: place,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const script = join(ROOT, "examples/cluster/spark.py");
    const { status, stderr } = spawnSync("python3", [script, at("in"), at("outlines")], { env, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const parts = (await readdir(at("outlines"))).sort();
    expect(parts.length).toBe(RECORDS / 50);
    const texts = await Promise.all(parts.map((name) => readFile(at(`outlines/${name}`), "utf8")));
    const ids = texts.flatMap((text) => text.trim().split("\n")).map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(Array.from({ length: RECORDS }, (_, n) => madeRecord("a", n).id));
  });
});
