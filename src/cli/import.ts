/** `flamingo import`: a published checkpoint becomes a model folder, with an account of every tensor. */

import type { Keeping } from "../checkpoints/held-weights.node.js";
import { inUnits } from "../checkpoints/hub/disk.node.js";
import { type Imported, importModel, REPORT_FILE } from "../conversion/import.node.js";
import { type ImportReport, reshaped } from "../conversion/report.js";
import { UsageError } from "../errors.js";
import { tellFetching } from "./fetching.js";
import type { Io } from "./io.js";
import { progressOn } from "./progress.js";
import { grouped, table } from "./table.js";

export interface ImportFlags {
  readonly out?: string;
  readonly language?: string;
  readonly vision?: string;
  readonly allowMissing?: readonly string[];
  readonly quantize?: Keeping;
  readonly name?: string;
  readonly json?: boolean;
}

/** Lines of a list that are shown; the report beside the model has all. */
const SHOWN = 10;

/** Imports. @throws as `importModel`; {UsageError} without a source or a place */
export async function importCommand([source]: readonly string[], flags: ImportFlags, io: Io): Promise<undefined> {
  const { out, quantize } = flags;
  if (source === undefined || out === undefined)
    throw new UsageError(
      source === undefined ? "There is nothing to import." : "There is no place for the model.",
      "name a source and a folder: flamingo import hf:owner/name --out models/name",
    );
  const fetching = tellFetching(io);
  const progress = progressOn(io);
  let tenth = 0;
  const imported = await (async () => {
    try {
      return await importModel(source, out, {
        ...flags,
        keep: quantize,
        onProgress: fetching.tell,
        onWritten(done, of) {
          const now = Math.floor((10 * done) / of);
          progress.tell(`writing ${out}  ${inUnits(done)} / ${inUnits(of)}`, now > tenth);
          tenth = now;
        },
      });
    } finally {
      fetching.end();
      progress.end();
    }
  })();
  io.out(flags.json ? `${JSON.stringify(imported)}\n` : inWords(imported, out));
  return undefined;
}

function inWords({ kind, name, report, files, bytes }: Imported, out: string): string {
  return [
    `${name}: ${KINDS[kind]} in ${out}, ${files.length === 1 ? files[0] : `${files.length - 1} files`} of ${inUnits(bytes)}`,
    "",
    table([["part", "tensors", "parameters", "", "formats there"], ...partsOf(report)], [1, 2]),
    ...section("missing, and left as they are drawn", report.missing, ({ ours }) => ours),
    ...section(
      "unexpected: nothing here takes them",
      report.unexpected,
      ({ theirs, shape }) => `${theirs} [${shape.join(", ")}]`,
    ),
    ...section(
      "of other sizes there",
      reshaped(report),
      ({ theirs, theirShape, ours, shape }) => `${theirs} [${theirShape.join(", ")}] is ${ours} [${shape.join(", ")}]`,
    ),
    ...section("tied", report.tied, ({ theirs, with: other }) => `${theirs} is ${other}`),
    ...Object.entries(byReason(report)).map(([why, count]) => `left aside, ${count}: ${why}`),
    `Every tensor: ${out}/${REPORT_FILE}`,
    "",
  ].join("\n");
}

const KINDS = {
  openflamingo: "an OpenFlamingo",
  idefics: "an IDEFICS",
  language: "a language model",
  vision: "a vision tower",
} as const;

function partsOf({ used }: ImportReport): string[][] {
  const rows = new Map<string, { tensors: number; parameters: number; role: string; formats: Set<string> }>();
  for (const { ours, shape, role, dtype } of used) {
    const part = `${ours.split(".")[0]}, ${role}`;
    const row = rows.get(part) ?? { tensors: 0, parameters: 0, role, formats: new Set() };
    rows.set(part, row);
    row.tensors++;
    row.parameters += shape.reduce((size, axis) => size * axis, 1);
    row.formats.add(dtype);
  }
  return [...rows].map(([part, { tensors, parameters, role, formats }]) => [
    part.split(",")[0]!,
    grouped(tensors),
    grouped(parameters),
    role,
    [...formats].join(", "),
  ]);
}

function section<Item>(title: string, items: readonly Item[], line: (item: Item) => string): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, SHOWN).map((item) => `  ${line(item)}`);
  return [
    `${title}: ${items.length}`,
    ...shown,
    ...(items.length > SHOWN ? [`  and ${items.length - SHOWN} more`] : []),
  ];
}

function byReason({ aside }: ImportReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { why } of aside) counts[why] = (counts[why] ?? 0) + 1;
  return counts;
}
