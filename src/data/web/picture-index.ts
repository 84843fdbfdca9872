/** Where the pictures of web archives stand, so that pages find theirs whichever archive and place they are at. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../atomic.node.js";
import { kindInWords, sniff } from "../../media/sniff.js";
import { type HttpAnswer, type HttpFault, httpAnswer } from "./http-answer.js";
import { type WarcRecord, warcRecords } from "./warc.js";

/** Most bytes of a page or a picture in an archive, once decompressed. */
export const MAX_BODY = 64 * 2 ** 20;

/** The answer that a record holds; nothing if it is of a type that holds none. */
export function answerOf({ type, fields, content }: WarcRecord): HttpAnswer | HttpFault | undefined {
  if (type === "response") return httpAnswer(content, MAX_BODY);
  if (type === "resource")
    return { status: 200, fields: new Map([["content-type", fields.get("content-type") ?? ""]]), body: content };
  return undefined;
}

/** The address that a record is of, in the one spelling of addresses; nothing if it has none. */
export function addressOf({ fields }: WarcRecord): string | undefined {
  const uri = fields.get("warc-target-uri")?.replace(/^<(.*)>$/, "$1");
  if (uri === undefined || !URL.canParse(uri)) return undefined;
  return withoutHash(uri);
}

function withoutHash(address: string): string {
  const url = new URL(address);
  url.hash = "";
  return url.href;
}

interface PicturePlace {
  readonly path: string;
  readonly at: number;
  readonly within: number;
}

interface Archive {
  readonly path: string;
  readonly bytes: number;
}

/** Where the pictures of an archive are listed. */
function listOf({ path, bytes }: Archive, folder: string): string {
  const key = createHash("sha256").update(`${path} ${bytes}`).digest("hex").slice(0, 16);
  return join(folder, `pictures-${key}.jsonl`);
}

/** Lists the pictures of an archive in a file of the folder, unless it is there: for `PictureIndex`, of any process. */
export async function listPictures(archive: Archive, folder: string): Promise<void> {
  const path = listOf(archive, folder);
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  const lines: string[] = [];
  // What is damaged is counted where pages are read.
  for await (const record of warcRecords(archive.path, { onFault: () => undefined })) {
    const address = addressOf(record);
    if (address === undefined || !isPicture(record)) continue;
    lines.push(`${JSON.stringify([address, record.at, record.within])}\n`);
  }
  await writeAtomically(path, lines.join(""));
}

/** Pictures of several archives, by their addresses. */
export class PictureIndex {
  readonly #places = new Map<string, PicturePlace>();

  /** Adds the pictures of an archive, as `listPictures` listed them; of those that come twice the first counts. */
  async add(archive: Archive, folder: string): Promise<void> {
    const { path } = archive;
    for (const line of (await readFile(listOf(archive, folder), "utf8")).split("\n")) {
      if (line === "") continue;
      const [address, at, within] = JSON.parse(line) as [string, number, number];
      if (!this.#places.has(address)) this.#places.set(address, { path, at, within });
    }
  }

  /** The file of a picture; nothing if no archive has it. The same address by `http` and `https` counts as one. */
  async read(address: string): Promise<Buffer | undefined> {
    if (!URL.canParse(address)) return undefined;
    const one = withoutHash(address);
    const other = one.startsWith("https:") ? one.replace("https:", "http:") : one.replace("http:", "https:");
    const place = this.#places.get(one) ?? this.#places.get(other);
    if (place === undefined) return undefined;
    for await (const record of warcRecords(place.path, { from: place.at, onFault: () => undefined })) {
      if (record.at > place.at) return undefined;
      if (record.within !== place.within) continue;
      const answer = answerOf(record);
      return answer === undefined || "fault" in answer ? undefined : answer.body;
    }
    return undefined;
  }
}

function isPicture(record: WarcRecord): boolean {
  const answer = answerOf(record);
  if (answer === undefined || "fault" in answer || answer.status !== 200) return false;
  return /^image\//i.test(answer.fields.get("content-type") ?? "") || kindInWords(sniff(answer.body)).endsWith("image");
}
