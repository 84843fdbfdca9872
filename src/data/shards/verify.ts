/** Holding shards against what is said of them: every fault is named, none ends the search. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FlamingoError } from "../../errors.js";
import { decodePicture } from "../../media/decode.node.js";
import type { DataRecord } from "../record.js";
import type { Place } from "../tally.js";
import { findShards, samplesIn } from "./find.js";
import { type PartManifest, readIndex, readManifest, type ShardIndex } from "./index-file.js";
import { indexPath, MANIFEST_NAME, manifestName, TAR_NAME } from "./part.js";
import { type ForeignOptions, recordOfSample } from "./record-files.js";

/** Something that is not as it should be. */
export interface ShardFault extends Place {
  readonly reason: string;
}

/** How closely shards are looked at. */
export interface VerifyOptions extends ForeignOptions {
  /** Whether every picture is decoded, not only looked at in its first bytes. */
  readonly decode?: boolean;
  readonly progress?: (records: number) => void;
}

/** What was looked at; its faults are told while it goes on. */
export interface Verified {
  readonly tars: number;
  readonly records: number;
  readonly faults: number;
}

/**
 * Reads whole sets: that every part is finished, that tars have the bytes and the records that their index and manifest
 * tell of, that records are sound and their ids differ.
 * @param tell  is given every fault as it is found
 * @throws {ShardError} if there is nothing to read
 */
export async function verifyShards(
  paths: string | readonly string[],
  tell: (fault: ShardFault) => void,
  options: VerifyOptions = {},
): Promise<Verified> {
  const files = await findShards(paths);
  const seen = new Map<string, string>();
  let [records, faults] = [0, 0];
  const fault = (found: ShardFault) => {
    faults++;
    tell(found);
  };
  for (const folder of new Set(files.map((file) => dirname(file)))) await verifyParts(folder, fault);
  for (const file of files) {
    const index = await readOrTell(indexPath(file), readIndex, fault);
    if (index === undefined && TAR_NAME.test(basename(file))) fault({ reason: "no index", file });
    if (index !== undefined) await verifyBytes(file, index, fault);
    let count = 0;
    for await (const some of samplesIn(file))
      for (const sample of some) {
        const place = { file, record: sample.number, byte: sample.at };
        if ("reason" in sample) {
          fault({ ...place, reason: sample.reason, found: sample.found });
          continue;
        }
        count = sample.number + 1;
        const record = recordOfSample(sample, options);
        if ("reason" in record) {
          if (!sample.torn) fault({ ...place, reason: record.reason, found: record.found });
          continue;
        }
        const [id, at] = index?.records[sample.number] ?? [];
        if (index !== undefined && (id !== record.id || at !== sample.at))
          fault({
            ...place,
            reason: "index differs",
            found: `${record.id}; the index has ${id ?? "none"} at ${at ?? "no place"}`,
          });
        const other = seen.get(record.id);
        if (other !== undefined) fault({ ...place, reason: "id twice", found: `${record.id}, also in ${other}` });
        seen.set(record.id, `${file}, record ${sample.number}`);
        if (options.decode) await verifyPictures(record, place, fault);
        records++;
        options.progress?.(records);
      }
    if (index !== undefined && count < index.records.length)
      fault({ reason: "records missing", file, found: `${count} of ${index.records.length}` });
  }
  return { tars: files.length, records, faults };
}

/** That all parts of one job are there, and all tars that they name. */
async function verifyParts(folder: string, fault: (fault: ShardFault) => void): Promise<void> {
  const names = await readdir(folder);
  const parts = names.flatMap((name) => {
    const [, index, of] = TAR_NAME.exec(name) ?? MANIFEST_NAME.exec(name) ?? [];
    return of === undefined ? [] : [{ index: Number(index), of: Number(of) }];
  });
  const sizes = [...new Set(parts.map(({ of }) => of))];
  if (sizes.length > 1)
    fault({
      reason: "parts of several jobs",
      file: folder,
      found: `of ${sizes.join(", of ")}: records may be there twice`,
    });
  const manifests = new Map<string, PartManifest>();
  for (const of of sizes)
    for (let index = 0; index < of; index++) {
      const path = join(folder, manifestName({ index, of }));
      const broken = { told: false };
      const manifest = await readOrTell(path, readManifest, (found) => {
        broken.told = true;
        fault(found);
      });
      if (manifest !== undefined) manifests.set(path, manifest);
      else if (!broken.told) fault({ reason: "unfinished part", file: path, found: "no manifest" });
    }
  const named = new Set<string>();
  for (const [path, { shards, settings }] of manifests) {
    for (const { tar, bytes, sha256 } of shards) {
      named.add(tar);
      const index = await readIndex(indexPath(join(folder, tar))).catch(() => undefined);
      if (!names.includes(tar)) fault({ reason: "tar missing", file: path, found: tar });
      if (index !== undefined && (index.sha256 !== sha256 || index.bytes !== bytes))
        fault({ reason: "manifest differs", file: path, found: `${tar}: its index tells of other bytes` });
    }
    const first = [...manifests.values()][0]!.settings;
    if (JSON.stringify(settings) !== JSON.stringify(first))
      fault({ reason: "settings differ", file: path, found: "the parts were built with several settings" });
  }
  for (const name of names)
    if (TAR_NAME.test(name) && !named.has(name) && manifests.has(join(folder, manifestOf(name))))
      fault({ reason: "stray tar", file: join(folder, name), found: "its part's manifest does not name it" });
}

function manifestOf(tar: string): string {
  const [, index, of] = TAR_NAME.exec(tar)!;
  return manifestName({ index: Number(index), of: Number(of) });
}

async function verifyBytes(file: string, index: ShardIndex, fault: (fault: ShardFault) => void): Promise<void> {
  const { size } = await stat(file);
  if (size !== index.bytes) fault({ reason: "size differs", file, found: `${size} bytes of ${index.bytes}` });
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  const sha256 = hash.digest("hex");
  if (sha256 !== index.sha256) fault({ reason: "sha256 differs", file, found: `${sha256}, not ${index.sha256}` });
}

async function verifyPictures(record: DataRecord, place: Place, fault: (fault: ShardFault) => void): Promise<void> {
  for (const [i, { files }] of record.media.entries())
    for (const [frame, { bytes }] of files.entries())
      try {
        await decodePicture(bytes, { name: `${record.id}, medium ${i}, file ${frame}` });
      } catch (error) {
        if (!(error instanceof FlamingoError)) throw error;
        fault({ ...place, reason: "picture not decodable", found: error.problem });
      }
}

async function readOrTell<Json>(
  path: string,
  read: (path: string) => Promise<Json | undefined>,
  fault: (fault: ShardFault) => void,
): Promise<Json | undefined> {
  try {
    return await read(path);
  } catch (error) {
    if (!(error instanceof FlamingoError)) throw error;
    fault({ reason: "unreadable", file: path, found: error.problem });
    return undefined;
  }
}
