/** `flamingo data m3w` as tests call it, and what it built. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { DataRecord } from "../../src/data/record.js";
import { recordOfSample } from "../../src/data/shards/record-files.js";
import { Grouping } from "../../src/data/shards/sample.js";
import { readTarFile } from "../../src/data/shards/tar-file.js";
import { command } from "./command.js";

/** The records of all tars of a folder, in order. */
export async function recordsIn(out: string): Promise<DataRecord[]> {
  const records: DataRecord[] = [];
  for (const name of (await readdir(out)).filter((file) => file.endsWith(".tar")).sort()) {
    const grouping = new Grouping();
    const samples = [];
    for await (const items of readTarFile(join(out, name))) samples.push(...grouping.push(items));
    for (const sample of [...samples, ...grouping.end()]) {
      const record = "reason" in sample ? sample : recordOfSample(sample);
      if ("reason" in record) throw new Error(record.reason);
      records.push(record);
    }
  }
  return records;
}

/** Builds, and gives what was built. */
export async function builtM3w(args: readonly string[], out: string) {
  const { code, out: told, err } = await command(["data", "m3w", ...args, "--out", out]);
  expect(code, err).toBe(0);
  return {
    out,
    told,
    records: await recordsIn(out),
    report: JSON.parse(await readFile(join(out, "report.json"), "utf8")),
  };
}
