/** Records as people see them: a medium in words, and a page of HTML that needs no other file. */
import sharp from "sharp";
import type { DataRecord, MediumFile, RecordMedium } from "../record.js";
import { segmentsOf } from "../segments.js";

/** A medium in a few words: `image 0: jpg, 320 x 240, 12,345 bytes`. */
export async function mediumInWords({ kind, files }: RecordMedium, number: number): Promise<string> {
  const [first] = files;
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0).toLocaleString("en-US");
  const frames = kind === "video" ? [`${files.length} frames`] : [];
  return `${kind} ${number}: ${[...frames, first!.type, await sizeInWords(first!), `${bytes} bytes`].join(", ")}`;
}

async function sizeInWords({ bytes }: MediumFile): Promise<string> {
  try {
    const { width, height } = await sharp(bytes).metadata();
    return `${width} x ${height}`;
  } catch {
    return "no size";
  }
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #999;padding:1rem 0}h2{font:600 1rem monospace;overflow-wrap:anywhere}
p{white-space:pre-wrap;overflow-wrap:anywhere}figure{margin:.5rem 0}img{max-width:100%;max-height:20rem;margin-right:.25rem}
figcaption,details{font-size:.8rem;color:#666}pre{white-space:pre-wrap;overflow-wrap:anywhere}`;

/** A page with some records, their pictures inside it; nothing in it is run or fetched. */
export async function pageOfRecords(title: string, records: AsyncIterable<DataRecord>): Promise<string> {
  const articles: string[] = [];
  for await (const record of records) {
    const pieces = await Promise.all(
      segmentsOf(record).map(async (segment) => {
        if ("text" in segment) return `<p>${escaped(segment.text)}</p>`;
        const { medium } = segment;
        const images = medium.files.map((file) => `<img alt="" src="${dataAddress(file)}">`).join("");
        return `<figure>${images}<figcaption>${escaped(await mediumInWords(medium, record.media.indexOf(medium)))}</figcaption></figure>`;
      }),
    );
    const about = `<details><summary>about</summary><pre>${escaped(JSON.stringify(record.about, null, 2))}</pre></details>`;
    articles.push(`<article><h2>${escaped(record.id)}</h2>\n${pieces.join("\n")}\n${about}</article>`);
  }
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>${STYLE}</style></head>
<body><h1>${escaped(title)}</h1>
${articles.join("\n")}
</body></html>
`;
}

function dataAddress({ type, bytes }: MediumFile): string {
  return `data:image/${type === "jpg" ? "jpeg" : type};base64,${Buffer.from(bytes).toString("base64")}`;
}
