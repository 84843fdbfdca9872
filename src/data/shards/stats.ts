/** What a set of shards holds, in numbers. */
import { stat } from "node:fs/promises";
import sharp from "sharp";
import type { DataRecord } from "../record.js";
import type { TallyJson } from "../tally.js";
import { Distribution, type Summary } from "./distribution.js";
import { findShards } from "./find.js";
import { type ReadOptions, ShardReader } from "./reader.js";
import { codePoints } from "./record-files.js";

/** The numbers of a set. */
export interface ShardStats {
  readonly tars: number;
  readonly bytes: number;
  readonly records: number;
  /** A pair has one image at 0, a clip one video there; a document has media elsewhere, or several. */
  readonly kinds: Readonly<Record<"document" | "pair" | "clip" | "text", number>>;
  readonly images: number;
  readonly videos: number;
  /** Of all videos. */
  readonly frames: number;
  /** Picture files by type. */
  readonly types: Readonly<Record<string, { readonly files: number; readonly bytes: number }>>;
  /** Unicode code points of a text. */
  readonly characters: Summary | null;
  /** Runs of letters and digits of a text. */
  readonly words: Summary | null;
  readonly mediaPerRecord: Summary | null;
  /** Records by their number of media. */
  readonly mediaCounts: Readonly<Record<string, number>>;
  /** Pixels of the pictures' shorter and longer sides, by their headers. */
  readonly shorterSide: Summary | null;
  readonly longerSide: Summary | null;
  /** Records of which each thing is known. */
  readonly about: Readonly<Record<string, number>>;
  readonly tally: TallyJson;
}

const WORD = /[\p{L}\p{N}]+/gu;

/** Counts a set. @throws as `readShards` */
export async function shardStats(
  paths: string | readonly string[],
  options: Omit<ReadOptions, "shuffle" | "epochs"> & { readonly progress?: (records: number) => void } = {},
): Promise<ShardStats> {
  const files = await findShards(paths);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const reader = new ShardReader(files, { ...options, shuffle: 0 });
  const kinds = { document: 0, pair: 0, clip: 0, text: 0 };
  const types: Record<string, { files: number; bytes: number }> = {};
  const about = new Map<string, number>();
  const [characters, words, media, shorter, longer] = Array.from({ length: 5 }, () => new Distribution()) as [
    Distribution,
    Distribution,
    Distribution,
    Distribution,
    Distribution,
  ];
  let [records, images, videos, frames] = [0, 0, 0, 0];
  for await (const record of reader) {
    kinds[kindOf(record)]++;
    characters.add(codePoints(record.text));
    words.add(record.text.match(WORD)?.length ?? 0);
    media.add(record.media.length);
    for (const name of Object.keys(record.about)) about.set(name, (about.get(name) ?? 0) + 1);
    for (const { kind, files: pictures } of record.media) {
      if (kind === "image") images++;
      else {
        videos++;
        frames += pictures.length;
      }
      for (const { type, bytes } of pictures) {
        types[type] ??= { files: 0, bytes: 0 };
        types[type].files++;
        types[type].bytes += bytes.length;
        const size = await sharp(bytes)
          .metadata()
          .catch(() => undefined);
        if (size === undefined) continue;
        shorter.add(Math.min(size.width, size.height));
        longer.add(Math.max(size.width, size.height));
      }
    }
    records++;
    options.progress?.(records);
  }
  return {
    tars: files.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    records,
    kinds,
    images,
    videos,
    frames,
    types,
    characters: characters.summary(),
    words: words.summary(),
    mediaPerRecord: media.summary(),
    mediaCounts: Object.fromEntries(media.counts),
    shorterSide: shorter.summary(),
    longerSide: longer.summary(),
    about: Object.fromEntries(about),
    tally: reader.tally,
  };
}

function kindOf({ media }: DataRecord): keyof ShardStats["kinds"] {
  if (media.length === 0) return "text";
  if (media.length > 1 || media[0]!.at !== 0) return "document";
  return media[0]!.kind === "image" ? "pair" : "clip";
}
