/**
 * Published sets of interleaved pages, as they are distributed: MMC4's lines of JSON, whose pictures are assigned to
 * sentences, and OBELICS' rows, in which texts and pictures take turns.
 */
import { basename } from "node:path";
import type { DataRecord, RecordMedium } from "../record.js";
import { textAndMedia } from "../segments.js";
import { type Part, WHOLE } from "../shards/part.js";
import { idOfKey } from "../shards/record-files.js";
import type { Place, Tally } from "../tally.js";
import { assign } from "./assignment.js";
import { type Bring, bringBytes, type NotBrought } from "./bytes.js";
import { imageMedium, type SourceCursor } from "./captioned.js";
import type { Row } from "./row.js";
import { rowsOf } from "./rows.js";

/** What can be imported. */
export const IMPORTED = ["mmc4", "obelics"] as const;

/** One of `IMPORTED`. */
export type Imported = (typeof IMPORTED)[number];

/** Where documents come from, and the rules by which pictures are kept. */
export interface ImportOptions {
  readonly inputs: readonly string[];
  /** Where pictures are: MMC4's are looked for by their names; without a folder, or if it lacks one, by address. */
  readonly bring: Bring;
  readonly tally: Tally;
  readonly part?: Part;
  readonly from?: SourceCursor;
  /** MMC4: pictures less alike to their sentence are left out; 0.24 unless told, as OpenFlamingo's paper has it. */
  readonly minimumLikeness?: number;
  /** MMC4: pictures of fewer bytes are left out; none unless told. OpenFlamingo has 11,000. */
  readonly minimumBytes?: number;
  /** MMC4: the assignment of the file, or one made again of the pictures that are there. `given` unless told. */
  readonly assignment?: "given" | "again";
}

/** A picture and the text, from 0, before which it stands. */
interface Placed {
  readonly medium: Omit<RecordMedium, "at">;
  readonly before: number;
  readonly likeness: number;
}

/** Documents of all inputs in their order. A document all of whose pictures are gone is dropped; lost pictures are counted. */
export class ImportedDocuments {
  cursor: SourceCursor;
  readonly #kind: Imported;
  readonly #options: ImportOptions;

  constructor(kind: Imported, options: ImportOptions) {
    this.#kind = kind;
    this.#options = options;
    this.cursor = options.from ?? { input: 0, row: -1 };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DataRecord> {
    const { inputs, part = WHOLE, tally } = this.#options;
    const from = this.cursor;
    for (let input = from.input; input < inputs.length; input++) {
      const path = inputs[input]!;
      let row = -1;
      for await (const one of rowsOf(path)) {
        row++;
        if ((input === from.input && row <= from.row) || row % part.of !== part.index) continue;
        if ("fault" in one) {
          tally.fault(this.#kind, one.fault, one.place);
          continue;
        }
        const made = await (this.#kind === "mmc4" ? this.#mmc4(one) : this.#obelics(one));
        if (made === undefined) continue;
        const name = idOfKey(basename(path).replace(/\..*$/, ""));
        tally.pass(this.#kind);
        this.cursor = { input, row };
        yield { id: `${name}-${input}-${String(row).padStart(9, "0")}`, ...made };
      }
    }
  }

  /**
   * Each picture before its sentence, in the order of the sentences: the order of `image_info` is another one, and taking
   * tags in one order and pictures in the other pairs text with the wrong pictures.
   */
  async #mmc4({ place, fields }: Row): Promise<Omit<DataRecord, "id"> | undefined> {
    const { assignment = "given" } = this.#options;
    const texts = listOf(fields.text_list, (text) => typeof text === "string");
    const infos = listOf(fields.image_info, (info) => typeof info === "object" && info !== null);
    if (texts === undefined || infos === undefined) return this.#fault("no text_list or image_info", place);
    const pictures = infos as Record<string, unknown>[];
    const placed =
      assignment === "given"
        ? await this.#asGiven(pictures, texts.length, place)
        : await this.#assigned(pictures, fields.similarity_matrix, texts.length, place);
    if (placed === undefined) return this.#fault("no similarity_matrix", place);
    if (placed.length === 0) return this.#drop(place);
    const about = { file: place.file, url: fields.url, likeness: inOrder(placed).map(({ likeness }) => likeness) };
    return { ...textAndMedia(sentencesAndPictures(texts as string[], placed)), about };
  }

  /** Pictures where the file puts them. Those that the rules leave out are not brought. */
  async #asGiven(infos: readonly Record<string, unknown>[], sentences: number, place: Place): Promise<Placed[]> {
    const placed: Placed[] = [];
    for (const info of infos) {
      const [before, likeness] = [Number(info.matched_text_index), Number(info.matched_sim)];
      if (!this.#isAlike(info, before, likeness, sentences, place)) continue;
      const medium = await this.#picture(info, place);
      if (medium !== undefined) placed.push({ medium, before, likeness });
    }
    return placed;
  }

  /** Pictures that are there, each before a sentence of its own; nothing without a matrix to tell of which. */
  async #assigned(
    infos: readonly Record<string, unknown>[],
    similarities: unknown,
    sentences: number,
    place: Place,
  ): Promise<Placed[] | undefined> {
    const isRow = (row: unknown) => Array.isArray(row) && row.length === sentences && row.every(Number.isFinite);
    const matrix = listOf(similarities, isRow) as number[][] | undefined;
    if (matrix?.length !== infos.length) return undefined;
    const there: { readonly medium: Placed["medium"]; readonly row: number }[] = [];
    for (const [row, info] of infos.entries()) {
      const medium = await this.#picture(info, place);
      if (medium !== undefined) there.push({ medium, row });
    }
    const sentenceOf = assign(there.map(({ row }) => matrix[row]!));
    return there.flatMap(({ medium, row }, n) => {
      const before = sentenceOf[n]!;
      const likeness = matrix[row]![before] ?? Number.NaN;
      return this.#isAlike(infos[row]!, before, likeness, sentences, place) ? [{ medium, before, likeness }] : [];
    });
  }

  /** Whether a picture has a sentence, and is alike enough to it; if not, it is counted. */
  #isAlike(info: Record<string, unknown>, before: number, likeness: number, sentences: number, place: Place): boolean {
    const { minimumLikeness = 0.24, tally } = this.#options;
    const name = String(info.image_name);
    const has = Number.isInteger(before) && before >= 0 && before < sentences;
    if (has && likeness >= minimumLikeness) return true;
    if (has) tally.drop("mmc4 pictures", "too little alike", { ...place, found: `${name}: likeness ${likeness}` });
    else tally.drop("mmc4 pictures", "no sentence for it", { ...place, found: `${name} before sentence ${before}` });
    return false;
  }

  /** A picture if it is there, and not too small; if not, it is counted. */
  async #picture(info: Record<string, unknown>, place: Place): Promise<Placed["medium"] | undefined> {
    const { minimumBytes = 0, tally } = this.#options;
    const medium = await this.#medium(info.image_name, info.raw_url, place);
    if (medium === undefined || medium.files[0]!.bytes.length >= minimumBytes) return medium;
    tally.drop("mmc4 pictures", "few bytes", { ...place, found: String(info.image_name) });
    return undefined;
  }

  /** Texts and pictures that take turns, each place of the two lists holding one of them. */
  async #obelics({ place, fields }: Row): Promise<Omit<DataRecord, "id"> | undefined> {
    const texts = listOf(fields.texts, () => true);
    const images = listOf(fields.images, () => true);
    if (texts === undefined || images === undefined || texts.length !== images.length)
      return this.#fault("no texts and images of one length", place);
    const pieces: ({ text: string } | { medium: Omit<RecordMedium, "at"> })[] = [];
    for (const [n, text] of texts.entries()) {
      if (typeof text === "string" && text !== "") {
        const last = pieces.at(-1);
        if (last !== undefined && "text" in last) pieces.splice(-1, 1, { text: `${last.text}\n\n${text}` });
        else pieces.push({ text });
      }
      if (images[n] === null || images[n] === undefined || images[n] === "") continue;
      const medium = await this.#medium(undefined, images[n], place);
      if (medium !== undefined) pieces.push({ medium });
    }
    if (!pieces.some((piece) => "medium" in piece)) return this.#drop(place);
    const general = jsonOf(fields.general_metadata);
    return { ...textAndMedia(pieces), about: { file: place.file, ...(general?.url ? { url: general.url } : {}) } };
  }

  /** A picture by its name in the folder, or else from where it was found; nothing, and counted, if neither has it. */
  async #medium(name: unknown, address: unknown, place: Place): Promise<Omit<RecordMedium, "at"> | undefined> {
    const { bring, tally } = this.#options;
    let brought: Uint8Array | NotBrought = { fault: "no picture", found: "" };
    if (typeof name === "string") brought = await bringBytes(name, bring);
    if (!(brought instanceof Uint8Array) && (typeof name !== "string" || bring.fetch !== undefined))
      brought = await bringBytes(address, bring);
    const medium = imageMedium(brought);
    if (!("fault" in medium)) return medium;
    tally.fault(`${this.#kind} pictures`, medium.fault, { ...place, found: medium.found });
    return undefined;
  }

  #fault(reason: string, place: Place): undefined {
    this.#options.tally.fault(this.#kind, reason, place);
  }

  #drop(place: Place): undefined {
    this.#options.tally.drop(this.#kind, "no picture left", place);
  }
}

/** In the order of the texts; pictures of one text stay in theirs. */
const inOrder = (placed: readonly Placed[]): Placed[] => [...placed].sort((a, b) => a.before - b.before);

/** Sentences with one space between, none beside a picture. */
function sentencesAndPictures(texts: readonly string[], placed: readonly Placed[]) {
  const ordered = inOrder(placed);
  const pieces: ({ text: string } | { medium: Placed["medium"] })[] = [];
  let from = 0;
  const write = (to: number) => {
    const text = texts
      .slice(from, to)
      .map((sentence) => sentence.trim())
      .join(" ");
    if (text !== "") pieces.push({ text });
    from = to;
  };
  for (const { medium, before } of ordered) {
    if (before > from) write(before);
    pieces.push({ medium });
  }
  write(texts.length);
  return pieces;
}

/** A list, which may be written as JSON in a text, whose items pass; Parquet writes lists of structs in some writers as such. */
function listOf(value: unknown, passes: (item: unknown) => boolean): unknown[] | undefined {
  const list = typeof value === "string" ? jsonOf(value) : value;
  return Array.isArray(list) && list.every(passes) ? list : undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: what JSON holds is checked where it is used.
function jsonOf(value: unknown): any {
  if (typeof value !== "string") return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
