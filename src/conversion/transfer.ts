/** Foreign tensors onto ours: first what goes where, from headers alone; then their numbers, one tensor at a time. */

import { type NameRow, type Placing, taken } from "../checkpoints/names/table.js";
import { firstNotFinite, type Raw, rawArray } from "../checkpoints/raw.js";
import type { Dtype } from "../checkpoints/safetensors.js";
import type { StoredTensor, TensorStore } from "../checkpoints/store.js";
import { InvariantError } from "../errors.js";
import type { Parameter } from "../nn/parameters.js";
import { ImportError, list, missingError } from "./errors.js";
import type { ImportReport, Left, Missing, Used } from "./report.js";

/** Tensors of a file or folder, and the rows of a name table that it is read by. */
export interface Part {
  readonly store: TensorStore;
  readonly rows: readonly NameRow[];
  /** What it holds beside them, and why that is left. The first that fits is told. */
  readonly aside: readonly { readonly names: RegExp; readonly why: string }[];
}

/** One of our tensors and where its numbers come from. */
export interface Move {
  readonly ours: string;
  readonly shape: readonly number[];
  readonly from: { readonly store: TensorStore; readonly theirs: string; readonly placing: Placing } | "drawn";
  /** How the numbers stand in their file; float32 for those that are drawn. */
  readonly dtype: Dtype;
}

/** What an import will do. */
export interface Transfer {
  readonly moves: readonly Move[];
  readonly report: ImportReport;
}

/** What decides about a transfer. */
export interface TransferOptions {
  /** Our tensors that may be missing: they stay as they are drawn. */
  readonly allowMissing?: readonly string[];
  /** Whether Flamingo's own training made a tensor of ours. */
  readonly trained: (path: string) => boolean;
}

/**
 * Finds every tensor of a model among the parts of a checkpoint.
 * @param parameters  ours by path
 * @throws {ImportError} with every tensor that is missing and not allowed to be, or of another size
 */
export function planTransfer(
  parameters: ReadonlyMap<string, Parameter>,
  parts: readonly Part[],
  { allowMissing = [], trained }: TransferOptions,
): Transfer {
  const unknown = allowMissing.filter((path) => !parameters.has(path));
  if (unknown.length > 0)
    throw new ImportError(
      `${unknown.join(", ")} may be missing, but the model has no such tensor.`,
      "give the name here, as the error that told of it did: gated.0.query.weight",
    );
  const rowOf = new Map(parts.flatMap((part) => part.rows.map((row) => [row.ours, { part, row }] as const)));
  const moves: Move[] = [];
  const used: Used[] = [];
  const missing: Missing[] = [];
  const misshapen: string[] = [];
  const met = new Map<TensorStore, Set<string>>(parts.map(({ store }) => [store, new Set()]));
  for (const [ours, { shape }] of parameters) {
    const found = rowOf.get(ours);
    if (found === undefined) throw new InvariantError(`no name table has a row for ${ours}`);
    const { store } = found.part;
    const { theirs, layout } = found.row;
    const placing = layout(shape);
    const entry = store.entries.get(theirs);
    if (entry === undefined) {
      const allowed = allowMissing.includes(ours);
      missing.push({ ours, theirs, place: store.place, expected: placing.theirs, allowed });
      moves.push({ ours, shape, from: "drawn", dtype: "F32" });
      continue;
    }
    met.get(store)!.add(theirs);
    if (!sameSizes(placing.theirs, entry.shape))
      misshapen.push(
        `${theirs} of ${entry.file} is [${entry.shape.join(", ")}]; the configuration makes it [${placing.theirs.join(", ")}]`,
      );
    if (!STORABLE.has(entry.dtype))
      misshapen.push(`${theirs} of ${entry.file} holds ${entry.dtype}; weights are F64, F32, F16 or BF16`);
    moves.push({ ours, shape, from: { store, theirs, placing }, dtype: entry.dtype === "F64" ? "F32" : entry.dtype });
    const role = trained(ours) ? "trained" : "frozen";
    used.push({ ours, theirs, file: entry.file, dtype: entry.dtype, role, shape, theirShape: entry.shape });
  }
  if (misshapen.length > 0)
    throw new ImportError(
      `${misshapen.length} tensor${misshapen.length === 1 ? " does" : "s do"} not fit:${list(misshapen)}`,
      "give the configuration, the language model and the vision tower that these weights were trained with",
    );
  const forbidden = missing.filter(({ allowed }) => !allowed);
  if (forbidden.length > 0) throw missingError(forbidden);
  return { moves, report: { used, missing, ...leftOver(parts, met) } };
}

const STORABLE: ReadonlySet<Dtype> = new Set(["F64", "F32", "F16", "BF16"]);

/** Equal but for axes of one, which some families keep around a scalar. */
function sameSizes(expected: readonly number[], found: readonly number[]): boolean {
  const real = (shape: readonly number[]) => shape.filter((size) => size !== 1).join(" ");
  return (
    real(expected) === real(found) &&
    (expected.length === found.length || Math.max(1, ...found) === 1 || expected.filter((n) => n !== 1).length <= 1)
  );
}

function leftOver(
  parts: readonly Part[],
  met: ReadonlyMap<TensorStore, ReadonlySet<string>>,
): Pick<ImportReport, "unexpected" | "aside" | "tied"> {
  const unexpected: Left[] = [];
  const aside: (Left & { why: string })[] = [];
  const tied: (Left & { with: string })[] = [];
  const asides = new Map<TensorStore, Part["aside"][number][]>();
  for (const part of parts) asides.set(part.store, [...(asides.get(part.store) ?? []), ...part.aside]);
  for (const [store, reasons] of asides)
    for (const [theirs, entry] of store.entries) {
      if (met.get(store)!.has(theirs)) continue;
      const left = leftAs(theirs, entry);
      const why = reasons.find(({ names }) => names.test(theirs))?.why;
      const other = entry.sameAs ?? nameOfSame(store, theirs, met.get(store)!);
      if (other !== undefined && met.get(store)!.has(other)) tied.push({ ...left, with: other });
      else if (why !== undefined) aside.push({ ...left, why });
      else unexpected.push(left);
    }
  return { unexpected, aside, tied };
}

function nameOfSame(store: TensorStore, theirs: string, met: ReadonlySet<string>): string | undefined {
  for (const name of met) if (store.entries.get(name)!.sameAs === theirs) return name;
  return undefined;
}

function leftAs(theirs: string, { file, dtype, shape }: StoredTensor): Left {
  return { theirs, file, dtype, shape };
}

/** Reads the numbers of moves; a fused tensor that fills several of ours one after the other is read once. */
export class Mover {
  #last: { readonly store: TensorStore; readonly theirs: string; readonly numbers: Raw } | undefined;

  /**
   * The numbers of one of our tensors in the format that they have in their file, row-major.
   * @throws {ImportError} naming the tensor and the element, if one is not finite
   */
  async take({ ours, shape, from, dtype }: Move, drawn: Parameter): Promise<Raw> {
    if (from === "drawn") return new Uint32Array(drawn.data.slice().buffer);
    const numbers = await this.#read(from.store, from.theirs);
    const own = taken(numbers, from.placing);
    const odd = firstNotFinite(own, dtype);
    if (odd >= 0)
      throw new ImportError(
        `${from.theirs} of ${from.store.place} holds a number that is not finite, at element ${odd} of ${ours} [${shape.join(", ")}].`,
        "take an earlier checkpoint: these numbers come of a diverged run or a damaged file",
      );
    return own;
  }

  async #read(store: TensorStore, theirs: string): Promise<Raw> {
    if (this.#last?.store === store && this.#last.theirs === theirs) return this.#last.numbers;
    this.#last = undefined;
    const { dtype } = store.entries.get(theirs)!;
    const numbers =
      dtype === "F64"
        ? new Uint32Array((await store.read(theirs)).data.buffer as ArrayBuffer)
        : rawArray(await store.raw(theirs), dtype);
    this.#last = { store, theirs, numbers };
    return numbers;
  }
}
