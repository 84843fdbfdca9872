/** `flamingo data import`: published sets of interleaved pages into shards. */
import { dirname } from "node:path";
import type { SourceCursor } from "../../data/sources/captioned.js";
import { IMPORTED, ImportedDocuments } from "../../data/sources/imports.js";
import { isFolder } from "../../data/sources/pairs.js";
import { isFileOfRows } from "../../data/sources/rows.js";
import { UsageError } from "../../errors.js";
import type { Io } from "../io.js";
import { type BuildFlags, buildShards, Errands, type FetchFlags, folderOf, tellBuilt } from "./building.js";

export interface ImportFlags extends BuildFlags, FetchFlags {
  readonly images?: string;
  readonly minimumLikeness?: number;
  readonly minimumBytes?: number;
  readonly assignment?: "given" | "again";
}

/** Builds. @throws {UsageError} for a set that is not known, or an input that is not there, before anything is read; as `buildPart` */
export async function importSet([name, ...inputs]: readonly string[], flags: ImportFlags, io: Io): Promise<undefined> {
  folderOf(flags);
  const kind = IMPORTED.find((known) => known === name);
  if (kind === undefined)
    throw new UsageError(`There is no set ${name} to import.`, `name one of ${IMPORTED.join(", ")}`);
  for (const path of inputs)
    if ((await isFolder(path)) || !isFileOfRows(path))
      throw new UsageError(`${path} is no file of ${kind} by its name.`, "give .jsonl or .parquet, unzipped");
  const { images = dirname(inputs[0]!), minimumLikeness, minimumBytes, assignment } = flags;
  const rules = {
    ...(minimumLikeness !== undefined && { minimumLikeness }),
    ...(minimumBytes !== undefined && { minimumBytes }),
    ...(assignment !== undefined && { assignment }),
  };
  await using errands = new Errands(flags);
  const bring = { folder: images, ...errands.option };
  const manifest = await buildShards(
    {
      settings: { command: "import", kind, inputs, images, rules, fetch: flags.fetch },
      open: async (tally, part, from: SourceCursor | undefined) =>
        new ImportedDocuments(kind, { inputs, bring, tally, part, ...rules, ...(from !== undefined && { from }) }),
    },
    flags,
    io,
  );
  tellBuilt(manifest, flags, io);
}
