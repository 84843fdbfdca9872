/** Where the pictures of web archives stand, so that pages find theirs whichever archive and place they are at. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
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

/** Pictures of several archives, by their addresses. */
export class PictureIndex {
  readonly #places = new Map<string, PicturePlace>();

  /**
   * Adds the pictures of an archive; of those that come twice the first counts.
   * @param folder  keeps what was found, for later calls and other processes
   */
  async add(path: string, bytes: number, folder: string): Promise<void> {
    const key = createHash("sha256").update(`${path} ${bytes}`).digest("hex").slice(0, 16);
    const kept = join(folder, `pictures-${key}.jsonl`);
    let lines = await readFile(kept, "utf8").catch(() => undefined);
    if (lines === undefined) {
      lines = "";
      // What is damaged is counted where pages are read.
      for await (const record of warcRecords(path, { onFault: () => undefined })) {
        const address = addressOf(record);
        if (address === undefined || !isPicture(record)) continue;
        lines += `${JSON.stringify([address, record.at, record.within])}\n`;
      }
      await writeAtomically(kept, lines);
    }
    for (const line of lines.split("\n")) {
      if (line === "") continue;
      const [address, at, within] = JSON.parse(line) as [string, number, number];
      if (!this.#places.has(address)) this.#places.set(address, { path, at, within });
    }
  }

  get size(): number {
    return this.#places.size;
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
