/** Records become what a model is trained on: tokens, what each looks at, and pictures of one size. */
import { FlamingoError } from "../../errors.js";
import { augmentPicture, drawPicture, type PictureDraw } from "../../media/augment.js";
import { decodePicture } from "../../media/decode.node.js";
import { fitted, type PixelsOptions, toPixels } from "../../media/normalise.js";
import type { Picture, Pixels } from "../../media/pixels.js";
import { drawText } from "../../prompt/augment.js";
import { assemble, type PixelBatch, type PromptBatch, packPixels } from "../../prompt/batch.js";
import { type Document, framesOf, type Medium } from "../../prompt/document.js";
import { type Interleaved, interleave } from "../../prompt/interleave.js";
import { randomWindow, truncate } from "../../prompt/truncate.js";
import { Random } from "../../random.js";
import type { Tokenizer } from "../../text/tokenizer.js";
import type { DataRecord, RecordMedium } from "../record.js";
import { segmentsOf } from "../segments.js";
import type { Tally } from "../tally.js";
import { paperSamples, type SampleRules } from "./rules.js";

/** How a record is read: as a page, whose text looks before or after, or as a pair of a medium and its caption. */
export type SampleKind = "page" | "pair";

/** A training example. */
export interface Sample {
  /** The record's. */
  readonly id: string;
  /** Its media are fitted to the tower and changed as was drawn; `toPixels` with the rules' `pixels` does not resample them. */
  readonly item: Interleaved;
}

/** What examples are made with. */
export interface SampleOptions {
  readonly kind: SampleKind;
  /** `paperSamples` unless told. */
  readonly rules?: SampleRules;
  /** Counts what was made, left out and broken, as the stage `samples`. */
  readonly tally?: Tally;
  /** Another number, other draws: of each record they depend on the seed, the epoch and its id alone. 0 unless told. */
  readonly epoch?: number;
}

/** Examples of records, in their order. One that a rule leaves out, or whose pictures are broken, is counted and skipped. */
export async function* samplesOf(
  records: AsyncIterable<DataRecord>,
  tokenizer: Tokenizer,
  seed: string | number,
  { tally, epoch = 0, ...options }: SampleOptions,
): AsyncGenerator<Sample> {
  const random = new Random(seed).fork("samples").fork(epoch);
  let record = 0;
  for await (const one of records) {
    const place = { file: String(one.about.file ?? one.id), record: record++ };
    try {
      const sample = await sampleOf(one, tokenizer, random.fork(one.id), options);
      if ("dropped" in sample) tally?.drop("samples", sample.dropped, { ...place, found: one.id });
      else {
        tally?.pass("samples");
        yield sample;
      }
    } catch (error) {
      if (!(error instanceof FlamingoError) || tally === undefined) throw error;
      tally.fault("samples", error.code, { ...place, found: `${one.id}: ${error.problem}` });
    }
  }
}

/** A record that the rules leave out. */
export interface Dropped {
  readonly dropped: "too few media" | "single medium";
}

/**
 * One example of a record. Media outside its window are not decoded.
 *
 * The order of the pictures is that of their tags, whatever their order was in the source: the tags are written where the
 * media stand.
 *
 * @throws {MediaPlaceError} if the record's media are in no order
 * @throws {MarkInTextError} if its text holds a mark
 * @throws {NotAnImageError | UndecodableImageError | OversizedImageError} for a picture in its window
 * @source arXiv:2204.14198, section 2.3, appendices A and B
 */
export async function sampleOf(
  record: DataRecord,
  tokenizer: Tokenizer,
  random: Random,
  { kind, rules = paperSamples }: Pick<SampleOptions, "kind" | "rules">,
): Promise<Sample | Dropped> {
  const { document, sources } = undecoded(record);
  const texts = drawText(kind, random.fork("text"), { next: rules.next, leadingSpace: rules.leadingSpace });
  const whole = interleave(document, tokenizer, { policy: rules.policy, ...texts });
  const item = windowOf(whole, kind, rules, random.fork("window"));
  if (kind === "page") {
    if (item.media.length < rules.minimumMedia) return { dropped: "too few media" };
    if (item.media.length === 1 && random.fork("single").chance(rules.dropSingle)) return { dropped: "single medium" };
  }
  const pictures = random.fork("pictures");
  const draws = item.media.map((_, n) => pictures.fork(rules.drawn === "each" ? n : "all"));
  const media = await Promise.all(item.media.map((medium, n) => mediumOf(sources.get(medium)!, rules, draws[n]!)));
  return { id: record.id, item: { ...item, media } };
}

function windowOf(item: Interleaved, kind: SampleKind, rules: SampleRules, random: Random): Interleaved {
  if (kind === "pair") return truncate(item, { maximumMedia: 1, maximumTokens: rules.pairTokens });
  return rules.window === "random" ? randomWindow(item, rules.page, random) : truncate(item, rules.page);
}

/** The record as a document whose media stand for those of the record. */
function undecoded(record: DataRecord): { document: Document; sources: Map<Medium, RecordMedium> } {
  const sources = new Map<Medium, RecordMedium>();
  const document = segmentsOf(record).map((segment) => {
    if ("text" in segment) return segment;
    const medium: Medium = { video: [] };
    sources.set(medium, segment.medium);
    return medium;
  });
  return { document, sources };
}

async function mediumOf({ kind, files }: RecordMedium, rules: SampleRules, random: Random): Promise<Medium> {
  const draw = drawPicture(random.fork("colour"), rules.pictures);
  const prepare = async ({ bytes }: { readonly bytes: Uint8Array }) =>
    prepared(await decodePicture(bytes), rules.pixels, draw);
  if (kind === "image") return { image: await prepare(files[0]!) };
  const first = random.fork("clip").integer(Math.max(0, files.length - rules.frames) + 1);
  const video = await Promise.all(files.slice(first, first + rules.frames).map(prepare));
  while (video.length < rules.frames) video.push(video.at(-1)!);
  return { video };
}

function prepared(picture: Picture, pixels: PixelsOptions, draw: PictureDraw): Picture {
  return augmentPicture(fitted(picture, pixels), draw);
}

/** Examples side by side as a model reads them. */
export interface SampleBatch {
  readonly prompts: PromptBatch;
  readonly pixels: PixelBatch;
}

/**
 * Examples of one kind as one batch.
 * @param length  tokens of a row; the longest example's unless told
 * @throws {PixelShapeError} if pictures and videos, or videos of different numbers of frames, are in one batch
 */
export function batchOf(
  samples: readonly Sample[],
  padId: number,
  { kind, rules = paperSamples, length }: Pick<SampleOptions, "kind" | "rules"> & { readonly length?: number },
): SampleBatch {
  const media = kind === "page" ? rules.page.maximumMedia : 1;
  const prompts = assemble(
    samples.map(({ item }) => item),
    { padId, media, ...(length === undefined ? {} : { length }) },
  );
  const options: PixelsOptions = { ...rules.pixels, shortEdge: rules.pixels.size };
  const rows = samples.map(({ item }) => item.media.map((medium): Pixels => toPixels(framesOf(medium), options)));
  const { size } = rules.pixels;
  const frames = rows.flat()[0]?.frames ?? 1;
  return { prompts, pixels: packPixels(rows, media, { frames, height: size, width: size }) };
}
