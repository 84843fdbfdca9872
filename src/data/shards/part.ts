/** A part of a job: what `--shard i/N` says, and the names of the files that come of it. */
import { UsageError } from "../../errors.js";

/** Number `index`, from 0, of `of` processes that share a job and know nothing else of each other. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Part = { index: 0, of: 1 };

/** Reads `3/8`: the fourth of eight parts. @throws {UsageError} for anything else */
export function readPart(text: string): Part {
  const [, index, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  if (index === undefined || Number(index) >= Number(of))
    throw new UsageError(
      `--shard ${text} names no part of a job.`,
      "give the number of this process and of all, counted from 0: --shard 0/8 to --shard 7/8",
    );
  return { index: Number(index), of: Number(of) };
}

/** Those of the inputs that are a part's, in their order: every N-th. */
export function inputsOf<Input>(inputs: readonly Input[], { index, of }: Part): Input[] {
  return inputs.filter((_, i) => i % of === index);
}

const digits = (number: number): string => String(number).padStart(5, "0");

/** How the names of a part's files begin. */
export const partName = ({ index, of }: Part): string => `part-${digits(index)}-of-${digits(of)}`;

/** The file that says a part is finished. */
export const manifestName = (part: Part): string => `${partName(part)}.json`;

/** A tar of a part. */
export const tarName = (part: Part, number: number): string => `${partName(part)}-${digits(number)}.tar`;

/** What `tarName` and `manifestName` give, read back. */
export const TAR_NAME = /^part-(\d{5})-of-(\d{5})-(\d{5})\.tar$/;
export const MANIFEST_NAME = /^part-(\d{5})-of-(\d{5})\.json$/;

/** The index of a tar stands beside it. */
export const indexPath = (tar: string): string => `${tar}.index.json`;
