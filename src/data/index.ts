/**
 * `flamingo-ts/data`: sets of shards are built, read, mixed and checked, and their records become training examples by the
 * paper's rules.
 *
 *     import { openTokenizer, paperSamples, readShards, samplesOf } from "flamingo-ts/data";
 *
 *     const tokenizer = openTokenizer(JSON.parse(await readFile("tokenizer.json", "utf8")));
 *     const reader = await readShards("shards", { seed: 1, part: { index: 0, of: 4 } });
 *     for await (const { item } of samplesOf(reader, tokenizer, 1, { kind: "page", rules: paperSamples })) {
 *       console.log(item.tokens, item.lastMedia, item.media.length);
 *       save(reader.state()); // given to `readShards`, it goes on at exactly the next
 *     }
 */
export { type PictureAugmentation, paperPictures, plainPictures } from "../media/augment.js";
export type { Colour, PixelsOptions } from "../media/normalise.js";
export type { Picture, Pixels } from "../media/pixels.js";
export type { Centre, Filter } from "../media/resize.js";
export type { PixelBatch, PromptBatch } from "../prompt/batch.js";
export type { ChunkEnd, Document, Medium, Segment } from "../prompt/document.js";
export type { Interleaved, Placement } from "../prompt/interleave.js";
export type { InterleavePolicy, Marks } from "../prompt/policies.js";
export type { PromptLimits } from "../prompt/truncate.js";
export { Random } from "../random.js";
export { openTokenizer } from "../text/hub-tokenizer.js";
export type { TextPlace, Tokenizer } from "../text/tokenizer.js";
export type { AddedToken, Step, TokenizerJson } from "../text/tokenizer-json.js";
export type { DataRecord, MediumFile, RecordMedium } from "./record.js";
export { openFlamingoSamples, paperSamples, type SampleRules } from "./samples/rules.js";
export {
  batchOf,
  type Dropped,
  type Sample,
  type SampleBatch,
  type SampleKind,
  type SampleOptions,
  sampleOf,
  samplesOf,
} from "./samples/sample.js";
export { paperMixture, type UpdateBatch, type UpdateOrder, type UpdatePart, updates } from "./samples/updates.js";
export { MediaPlaceError, type RecordSegment, segmentsOf, textAndMedia } from "./segments.js";
export { type Build, buildPart } from "./shards/build.js";
export type { Summary } from "./shards/distribution.js";
export { BuildConflictError, ReaderStateError, RecordError, ShardError } from "./shards/errors.js";
export type { PartManifest, ShardSummary } from "./shards/index-file.js";
export { type Ingredient, type MixedRecord, type Mixture, type MixtureState, mix } from "./shards/mixture.js";
export type { Part } from "./shards/part.js";
export { type ReaderState, type ReadOptions, type Reference, readShards, type ShardReader } from "./shards/reader.js";
export type { ForeignOptions } from "./shards/record-files.js";
export { type ShardStats, shardStats } from "./shards/stats.js";
export { type ShardFault, type Verified, type VerifyOptions, verifyShards } from "./shards/verify.js";
export { type Place, type Reason, type StageTally, Tally, type TallyJson, TooManyFaultsError } from "./tally.js";
export type { Embedder } from "./web/embedder.js";
export { type Fetched, Fetcher, type FetchOptions, type NotFetched } from "./web/fetch.js";
export type { LanguageRules } from "./web/language.js";
export { buildM3w, type M3wOptions, type M3wProgress, type M3wResult } from "./web/m3w.js";
export { M3W_RULES, type M3wRules } from "./web/m3w-rules.js";
export type { DuplicateRules } from "./web/near-duplicates.js";
export type { PictureRules } from "./web/picture-rules.js";
export type { QualityRules } from "./web/quality.js";
export type { RepetitionRules } from "./web/repetition.js";
export type { Safety, SafetyVerdict } from "./web/safety.js";
export type { TextRules } from "./web/text-stages.js";
