/** Pages of a chunk one after the other, and the pictures that they name, wherever both are. */
import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { sniff } from "../../media/sniff.js";
import { fetchOrRead } from "../../media/source.node.js";
import type { Place, Tally } from "../tally.js";
import type { Fetcher } from "./fetch.js";
import type { Chunk } from "./inputs.js";
import { addressOf, answerOf, MAX_BODY, type PictureIndex } from "./picture-index.js";
import { type WarcFault, type WarcRecord, warcRecords } from "./warc.js";

/** A page as it was found. */
export interface FoundPage {
  readonly address: string;
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  readonly place: Place;
  /** Its number in its chunk. */
  readonly number: number;
  /** When it was fetched, if that is known. */
  readonly date: string | undefined;
  /** Where to go on after it. */
  readonly cursor: unknown;
}

/** What pages and pictures are taken from. */
export interface Surroundings {
  /** The pictures of all archives. */
  readonly pictures: PictureIndex;
  /** What asks the web; without it, only what is at hand is taken. */
  readonly fetcher: Fetcher | undefined;
  /** Where the folder of `.html` files stood on the web. */
  readonly base: string;
  /** Most bytes of a picture. */
  readonly maxBytes: number;
}

/** Where folders of pages stood, unless told: nowhere that can be asked. */
export const NOWHERE = "http://folder.invalid/";

/** The stage in which pages are found. */
export const READ = "pages: read";

/** The pages of a chunk; all else that is in it is counted. @param from  a page's cursor, to go on after it */
export function pagesOf(chunk: Chunk, around: Surroundings, tally: Tally, from?: unknown): AsyncGenerator<FoundPage> {
  if (chunk.kind === "archive") return archivePages(chunk.path, tally, from as ArchiveCursor | undefined);
  const after = (from as number | undefined) ?? -1;
  if (chunk.kind === "pages") return folderPages(chunk, around, tally, after);
  return listedPages(chunk, around, tally, after);
}

interface ArchiveCursor {
  readonly at: number;
  readonly within: number;
  readonly number: number;
}

async function* archivePages(path: string, tally: Tally, after?: ArchiveCursor): AsyncGenerator<FoundPage> {
  // A member that is entered again is counted again from its first record.
  const before = after === undefined ? 0 : after.number - after.within;
  const onFault = ({ reason, at, number, found }: WarcFault) => {
    if (at === after?.at && before + number <= after.number) return;
    tally.fault(READ, reason, { file: path, record: before + number, byte: at, found });
  };
  for await (const record of warcRecords(path, { from: after?.at ?? 0, onFault })) {
    if (after !== undefined && record.at === after.at && record.within <= after.within) continue;
    const number = before + record.number;
    const place: Place = { file: path, record: number, byte: record.at };
    const page = pageOfRecord(record, tally, place);
    if (page === undefined) continue;
    tally.pass(READ);
    const cursor: ArchiveCursor = { at: record.at, within: record.within, number };
    yield { ...page, place: { ...place, found: page.address }, number, date: record.fields.get("warc-date"), cursor };
  }
}

function pageOfRecord(
  record: WarcRecord,
  tally: Tally,
  place: Place,
): Pick<FoundPage, "address" | "contentType" | "bytes"> | undefined {
  const answer = answerOf(record);
  const drop = (reason: string, found: string | undefined) =>
    void tally.drop(READ, reason, found === undefined ? place : { ...place, found });
  const address = addressOf(record);
  if (answer === undefined) {
    const known = ["warcinfo", "request", "metadata", "revisit", "conversion", "continuation"];
    const type = known.includes(record.type) ? record.type : "unknown";
    return drop(`a record of type ${type}`, address ?? record.type.slice(0, 40));
  }
  if (address === undefined) return drop("no address", record.fields.get("warc-target-uri"));
  if ("fault" in answer)
    return void tally.fault(READ, answer.fault, { ...place, found: `${address}: ${answer.found}` });
  const contentType = answer.fields.get("content-type");
  if (answer.status !== 200) return drop("status", `${answer.status} ${address}`);
  if (!/^https?:/.test(address)) return drop("address not of the web", address);
  const declared = contentType?.trim() ?? "";
  if (declared === "" ? sniff(answer.body) !== "html" : !/^(text\/html|application\/xhtml\+xml)\b/i.test(declared))
    return drop("not HTML", `${declared} ${address}`);
  return { address, contentType, bytes: answer.body };
}

async function* folderPages(
  { folder, files }: Chunk & { kind: "pages" },
  { base }: Surroundings,
  tally: Tally,
  after: number,
): AsyncGenerator<FoundPage> {
  for (const [number, file] of files.entries()) {
    if (number <= after) continue;
    const path = join(folder, file);
    const place: Place = { file: path };
    try {
      const found = await stat(path);
      if (!found.isFile() || found.size > MAX_BODY) {
        tally.drop(READ, found.isFile() ? "too large" : "not a file", { ...place, found: `${found.size} bytes` });
        continue;
      }
      const bytes = await readFile(path);
      tally.pass(READ);
      const address = new URL(file.split(sep).map(encodeURIComponent).join("/"), base).href;
      yield { address, contentType: undefined, bytes, place, number, date: undefined, cursor: number };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      tally.fault(READ, "cannot be read", { ...place, found: message });
    }
  }
}

async function* listedPages(
  { path, first, addresses }: Chunk & { kind: "addresses" },
  { fetcher }: Surroundings,
  tally: Tally,
  after: number,
): AsyncGenerator<FoundPage> {
  for (const [number, address] of addresses.entries()) {
    if (number <= after || address === "" || address.startsWith("#")) continue;
    const place: Place = { file: path, record: first + number, found: address };
    const answer = await fetcher?.fetch(address);
    if (answer === undefined || "fault" in answer) {
      tally.drop(
        READ,
        answer?.fault ?? "not fetched",
        answer === undefined ? place : { ...place, found: answer.found },
      );
      continue;
    }
    if (!/^(text\/html|application\/xhtml\+xml)\b/i.test(answer.type)) {
      tally.drop(READ, "not HTML", { ...place, found: `${answer.type} ${answer.url}` });
      continue;
    }
    tally.pass(READ);
    const { url, type, body } = answer;
    yield { address: url, contentType: type, bytes: body, place, number, date: undefined, cursor: number };
  }
}

/** Why a picture was not found. */
export interface NotFound {
  readonly reason: string;
  readonly found: string;
}

/** The file of a picture that a page names. */
export async function pictureAt(chunk: Chunk, around: Surroundings, address: string): Promise<Uint8Array | NotFound> {
  const { pictures, fetcher, base, maxBytes } = around;
  if (/^data:/i.test(address))
    try {
      return await fetchOrRead(address, { allow: ["data"], maxBytes });
    } catch (error) {
      return { reason: "data URL not readable", found: (error as Error).message.split("\n")[0]!.slice(0, 120) };
    }
  const archived = await pictures.read(address);
  if (archived !== undefined) return archived;
  if (chunk.kind === "pages" && address.startsWith(base)) {
    const beside = await fileBeside(chunk.folder, base, address, maxBytes);
    if (!("reason" in beside) || fetcher === undefined || base === NOWHERE) return beside;
  }
  if (fetcher === undefined) return { reason: "not in the archives", found: address.slice(0, 200) };
  const answer = await fetcher.fetch(address);
  return "fault" in answer ? { reason: answer.fault, found: answer.found } : answer.body;
}

/** A file in the folder of the pages, and never one outside it, whatever its links lead to. */
async function fileBeside(
  folder: string,
  base: string,
  address: string,
  maxBytes: number,
): Promise<Uint8Array | NotFound> {
  const missing = { reason: "not in the folder", found: address.slice(0, 200) };
  try {
    const inside = await realpath(folder);
    const path = await realpath(
      join(inside, decodeURIComponent(new URL(address).pathname.slice(new URL(base).pathname.length))),
    );
    if (!path.startsWith(inside + sep)) return missing;
    const found = await stat(path);
    if (!found.isFile()) return missing;
    const { size } = found;
    return size > maxBytes ? { reason: "too large", found: `${size} bytes at ${address}` } : await readFile(path);
  } catch {
    return missing;
  }
}
