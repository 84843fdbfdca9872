/** `flamingo data m3w`: web archives, folders of pages and lists of addresses into interleaved shards. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sweepPartials, writeAtomically } from "../../atomic.node.js";
import { readManifest } from "../../data/shards/index-file.js";
import { MANIFEST_NAME, type Part, WHOLE } from "../../data/shards/part.js";
import { placeInWords, Tally, type TallyJson } from "../../data/tally.js";
import { Fetcher } from "../../data/web/fetch.js";
import { chunksOf } from "../../data/web/inputs.js";
import { buildM3w, type M3wOptions } from "../../data/web/m3w.js";
import { changedRules, M3W_RULES } from "../../data/web/m3w-rules.js";
import { SafetyProgram } from "../../data/web/safety.js";
import { UsageError } from "../../errors.js";
import { Scope } from "../../scope.js";
import type { Io } from "../io.js";
import { progressOn } from "../progress.js";
import { amount, grouped, table } from "../table.js";
import { openEmbedder } from "./embedder.js";

export interface M3wFlags {
  readonly in?: readonly string[];
  readonly out?: string;
  readonly shard?: Part;
  readonly rules?: string;
  readonly fetch?: boolean;
  readonly perHostMs?: number;
  readonly allowHost?: readonly string[];
  readonly base?: string;
  /** A folder; false by `--no-model`. */
  readonly model?: string | false;
  readonly evaluation?: readonly string[];
  readonly safety?: string;
  readonly maxFaults?: number;
  readonly shardRecords?: number;
  readonly shardBytes?: number;
  readonly json?: boolean;
}

/** Builds. @throws as `buildM3w`; {UsageError} for flags that make no sense */
export async function m3w(_: readonly string[], flags: M3wFlags, io: Io): Promise<undefined> {
  const { in: inputs = [], out } = flags;
  if (inputs.length === 0 || out === undefined)
    throw new UsageError(
      out === undefined ? "There is no place for the shards." : "There is nothing to build of.",
      "name both: flamingo data m3w --in 'crawl/*.warc.gz' --out shards",
    );
  const part = flags.shard ?? WHOLE;
  const rules = flags.rules === undefined ? M3W_RULES : changedRules(M3W_RULES, await readJson(flags.rules));
  const lists = (await chunksOf(inputs)).some(({ kind }) => kind === "addresses");
  await using scope = new Scope();
  const embedder =
    flags.model === false
      ? undefined
      : scope.own(await openEmbedder(...(flags.model === undefined ? [] : [flags.model])));
  const fetcher = lists || flags.fetch ? scope.own(new Fetcher(fetchOptions(flags))) : undefined;
  const safety = flags.safety === undefined ? undefined : scope.own(new SafetyProgram(flags.safety));
  const progress = progressOn(io);
  let tenth = -1;
  const options: M3wOptions = {
    inputs,
    out,
    part,
    rules,
    ...(embedder === undefined ? {} : { embedder }),
    ...(flags.evaluation === undefined ? {} : { evaluation: flags.evaluation }),
    ...(fetcher === undefined ? {} : { fetcher }),
    ...(safety === undefined ? {} : { safety: safety.judge, safetyName: flags.safety! }),
    ...(flags.base === undefined ? {} : { base: flags.base }),
    ...(flags.maxFaults === undefined ? {} : { limit: flags.maxFaults }),
    ...(flags.shardRecords === undefined ? {} : { shardRecords: flags.shardRecords }),
    ...(flags.shardBytes === undefined ? {} : { shardBytes: flags.shardBytes }),
    progress({ half, chunk, chunks, count }) {
      const now = Math.floor((10 * chunk) / chunks) + (half === "set" ? 10 : 0);
      progress.tell(`${half}: chunk ${chunk + 1} of ${chunks}, ${amount(count, "page")}`, now > tenth);
      tenth = now;
    },
  };
  const { manifest, waitingFor } = await buildM3w(options).finally(() => progress.end());
  const report = manifest === undefined ? undefined : await writeReport(out, part.of);
  if (flags.json) io.out(`${JSON.stringify({ finished: manifest !== undefined, waitingFor, report })}\n`);
  else if (report === undefined)
    io.out(
      `The candidates of this part are made; those of ${waitingFor} chunks of other parts are not.\nWhen they are, the same command again writes the shards.\n`,
    );
  else io.out(reportInWords(report));
  return undefined;
}

function fetchOptions({ perHostMs, allowHost }: M3wFlags): ConstructorParameters<typeof Fetcher>[0] {
  return {
    ...(perHostMs === undefined ? {} : { perHostMs }),
    ...(allowHost === undefined ? {} : { allowHosts: allowHost }),
  };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`The rules ${path} cannot be read: ${(cause as Error).message}.`, "give a JSON file", {
      cause,
    });
  }
}

/** What became of everything, over all parts that are finished. */
interface Report {
  readonly parts: { readonly finished: number; readonly of: number };
  readonly records: number;
  readonly pictures: number;
  readonly stages: TallyJson;
}

/** Writes the report of all parts that are finished beside the shards, as JSON and as a text. */
async function writeReport(out: string, of: number): Promise<Report> {
  // Of a run that was killed while it wrote its report; another part may be writing it now.
  if (of === 1) await sweepPartials(out, (name) => name.startsWith("report."));
  for (;;) {
    const names = await manifestsIn(out, of);
    const report = await reportOf(out, names, of);
    await writeAtomically(join(out, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
    await writeAtomically(join(out, "report.txt"), reportInWords(report, true));
    // Another part was finished meanwhile, and may have written a report that this one has replaced.
    if ((await manifestsIn(out, of)).length === names.length) return report;
  }
}

async function manifestsIn(out: string, of: number): Promise<string[]> {
  return (await readdir(out)).filter((name) => Number(MANIFEST_NAME.exec(name)?.[2]) === of).sort();
}

async function reportOf(out: string, names: readonly string[], of: number): Promise<Report> {
  const tally = new Tally();
  let [records, pictures] = [0, 0];
  for (const name of names) {
    const manifest = (await readManifest(join(out, name)))!;
    tally.merge(manifest.tally);
    records += manifest.records;
    pictures += manifest.media;
  }
  return { parts: { finished: names.length, of }, records, pictures, stages: tally.toJSON() };
}

function reportInWords({ parts, records, pictures, stages }: Report, examples = false): string {
  const rows: string[][] = [["stage", "in", "out", ""]];
  for (const [stage, { passed, dropped, faults }] of Object.entries(stages)) {
    const reasons = [
      ...Object.entries(dropped).map(([reason, of]) => ({ reason, ...of })),
      ...Object.entries(faults).map(([reason, of]) => ({ reason: `broken: ${reason}`, ...of })),
    ];
    const lost = reasons.reduce((sum, { count }) => sum + count, 0);
    rows.push([stage, grouped(passed + lost), grouped(passed), ""]);
    for (const { reason, count, first } of reasons) {
      rows.push(["", "", `-${grouped(count)}`, reason]);
      if (examples) for (const place of first) rows.push(["", "", "", `  ${placeInWords(place)}`]);
    }
  }
  const all = parts.finished === parts.of ? "" : `, of ${parts.finished} of ${parts.of} parts`;
  return `${table(rows, [1, 2])}\n${amount(records, "document")} with ${amount(pictures, "picture")}${all}\n`;
}
