/** What became of every tensor of an import: the doubt that a report is to leave none of. */
import type { Dtype } from "../checkpoints/safetensors.js";

/** Whether Flamingo's own training made a tensor, or the model it was built on. */
export type Role = "trained" | "frozen";

/** A tensor of ours that was filled. */
export interface Used {
  readonly ours: string;
  readonly theirs: string;
  readonly file: string;
  readonly dtype: Dtype;
  readonly role: Role;
  /** Sizes here and there. A fused tensor of theirs fills several of ours. */
  readonly shape: readonly number[];
  readonly theirShape: readonly number[];
}

/** A tensor of ours that nothing fills: it stays as it is drawn, gains 1 and all else 0. */
export interface Missing {
  readonly ours: string;
  readonly theirs: string;
  readonly place: string;
  readonly expected: readonly number[];
  readonly allowed: boolean;
}

/** A tensor whose axes are others here than there, and not only in another order: a scalar, a kernel, a part of a fused one. */
export type Reshaped = Pick<Used, "ours" | "shape" | "theirs" | "theirShape">;

/** A tensor of theirs that fills none of ours. */
export interface Left {
  readonly theirs: string;
  readonly file: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** What became of every tensor. */
export interface ImportReport {
  readonly used: readonly Used[];
  readonly missing: readonly Missing[];
  /** Those of the used that have other axes here than there. */
  readonly reshaped: readonly Reshaped[];
  /** Left over, and nobody knows why. */
  readonly unexpected: readonly Left[];
  /** Left over for a reason. */
  readonly aside: readonly (Left & { readonly why: string })[];
  /** Another name of a tensor that is used: `theirs` holds the very numbers of `with`. */
  readonly tied: readonly (Left & { readonly with: string })[];
}

/** Those of the used that have other axes here than there, and not only in another order. */
export function reshapedAmong(used: readonly Used[]): Reshaped[] {
  const sizes = (shape: readonly number[]) => [...shape].sort((a, b) => a - b).join(" ");
  return used
    .filter(({ shape, theirShape }) => sizes(shape) !== sizes(theirShape))
    .map(({ ours, shape, theirs, theirShape }) => ({ ours, shape, theirs, theirShape }));
}
