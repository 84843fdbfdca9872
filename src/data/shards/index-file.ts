/** The index of a tar and the manifest of a part: JSON beside the tars, each written when what it speaks of is whole. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TallyJson } from "../tally.js";
import { ShardError } from "./errors.js";
import type { Part } from "./part.js";

/** What is in a tar, without opening it. */
export interface ShardIndex {
  readonly format: "flamingo-shard-1";
  /** Name of the tar, which stands beside this. */
  readonly tar: string;
  readonly bytes: number;
  /** Of the whole tar, in hexadecimal digits. */
  readonly sha256: string;
  readonly media: number;
  /** For each record its id and the byte at which its first header begins. */
  readonly records: readonly (readonly [id: string, at: number])[];
  /** `fingerprint` of the settings it was made with. */
  readonly made: string;
  /** How to go on after this tar. */
  readonly after: {
    /** Records of the part until here. */
    readonly records: number;
    /** What the source gave as its place, if it can go on from one. */
    readonly cursor?: unknown;
    readonly tally: TallyJson;
    /** That the source had no more records: the tally holds what it dropped after the last. */
    readonly ended?: boolean;
  };
}

/** A tar as its part's manifest names it. */
export interface ShardSummary {
  readonly tar: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records: number;
  readonly media: number;
}

/** That a part is finished, and what it came to. */
export interface PartManifest {
  readonly format: "flamingo-part-1";
  readonly part: Part;
  /** The command and its options, or whatever else decides what is written. */
  readonly settings: unknown;
  readonly records: number;
  readonly media: number;
  readonly shards: readonly ShardSummary[];
  readonly tally: TallyJson;
}

/** A short name for settings: equal for equal JSON. */
export function fingerprint(settings: unknown): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}

/** @throws {ShardError} if there is such a file, and it is no index */
export async function readIndex(path: string): Promise<ShardIndex | undefined> {
  return readJson(path, "flamingo-shard-1", isIndex);
}

/** @throws {ShardError} if there is such a file, and it is no manifest */
export async function readManifest(path: string): Promise<PartManifest | undefined> {
  return readJson(path, "flamingo-part-1", isManifest);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTally = (value: unknown): value is TallyJson =>
  isObject(value) &&
  Object.values(value).every((stage) => isObject(stage) && isReasons(stage.dropped) && isReasons(stage.faults));
const isReasons = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((reason) => isObject(reason) && Array.isArray(reason.first));
const isTar = ({ tar, bytes, sha256 }: Record<string, unknown>): boolean =>
  typeof tar === "string" && typeof bytes === "number" && typeof sha256 === "string";

function isIndex(json: Record<string, unknown>): boolean {
  const { records, made, after } = json;
  return (
    isTar(json) &&
    typeof made === "string" &&
    isObject(after) &&
    isTally(after.tally) &&
    Array.isArray(records) &&
    records.every((record) => Array.isArray(record))
  );
}

function isManifest({ part, settings, shards, tally }: Record<string, unknown>): boolean {
  const whole = Array.isArray(shards) && shards.every((shard) => isObject(shard) && isTar(shard));
  return isObject(part) && settings !== undefined && whole && isTally(tally);
}

async function readJson<Json>(
  path: string,
  format: string,
  isWhole: (json: Record<string, unknown>) => boolean,
): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (!isObject(json) || json.format !== format || !isWhole(json))
    throw new ShardError(
      `${path} is no ${format} file: it was cut off, or another program wrote it.`,
      "remove it and the tars that it speaks of, and build them again",
    );
  return json as Json;
}
