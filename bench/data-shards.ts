/** How fast shards are read and their pictures made ready for training, beside what Python's libraries do with the same files. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type { DataRecord } from "#dist/data/record.js";
import { buildPart } from "#dist/data/shards/build.js";
import { readShards } from "#dist/data/shards/reader.js";
import { augmentPicture, drawPicture } from "#dist/media/augment.js";
import { decodePicture } from "#dist/media/decode.node.js";
import { decodeFitted } from "#dist/media/decode-fitted.node.js";
import { fitted, type PixelsOptions, toPixels } from "#dist/media/normalise.js";
import type { Picture } from "#dist/media/pixels.js";
import { CLIP_COLOURS } from "#dist/media/preprocessor.js";
import { Random } from "#dist/random.js";
import { type Effort, median, type Page, type Row, table, timed, written } from "./measure.js";
import { startPeer } from "./peer.js";

export interface DataShardsOptions {
  /** A Python with webdataset, Pillow, torch and torchvision. */
  readonly python: string;
}

interface Task {
  readonly name: string;
  readonly unit: string;
  /** Arguments of `peers/shards.py`. */
  readonly peer: readonly string[];
  /** Does the work once; how many were done. */
  readonly work: () => Promise<number>;
  readonly target: number | null;
}

/** The paper's pictures. */
const PIXELS: PixelsOptions = { size: 320, fit: "pad", ...CLIP_COLOURS };

const WIDTH = 640;
const HEIGHT = 480;

/** Reads sets and prepares pictures in turns with Python, one process and one thread each. */
export async function dataShards(effort: Effort, { python }: DataShardsOptions): Promise<Page> {
  const place = await mkdtemp(join(tmpdir(), "flamingo-bench-shards-"));
  const concurrency = sharp.concurrency();
  sharp.concurrency(1);
  try {
    const [read, prepare] = [join(place, "read"), join(place, "prepare")];
    const [records, pictures] = effort.small ? [60, 6] : [8000, 150];
    const small = await photographs("read", effort.small ? 3 : 40, 320, 240);
    const large = await photographs("prepare", pictures, WIDTH, HEIGHT);
    await buildPart({ folder: read, settings: {}, source: () => pairs(records, small), shardRecords: records / 4 });
    await buildPart({ folder: prepare, settings: {}, source: () => pairs(pictures, large) });
    const tars = async (folder: string) =>
      (await readdir(folder)).filter((name) => name.endsWith(".tar")).map((name) => join(folder, name));
    const prepareTars = await tars(prepare);
    const prepareTask = (how: string, prepared: Fitting, target: number | null): Task => ({
      name: `decode ${WIDTH} x ${HEIGHT}, resize to 320, augment, normalise${how}`,
      unit: "pictures/s",
      peer: ["prepare", ...prepareTars],
      work: () => prepareAll(large, prepared),
      target,
    });
    const results = [
      await contest(
        {
          name: "shards read",
          unit: "records/s",
          peer: ["read", ...(await tars(read))],
          work: () => readAll(read),
          target: 1,
        },
        python,
        effort,
      ),
      await contest(prepareTask("", ONE_PASS, 1), python, effort),
      await contest(prepareTask(", every pixel as Pillow has it", EXACT, null), python, effort),
    ];
    const rows = results.flatMap(({ row }) => (row === undefined ? [] : [row]));
    const heading = ["", "unit", "flamingo-ts", "Python", "ratio", "wanted"];
    const cells = results.map(({ task, ours, row }) => [
      task.name,
      task.unit,
      written(ours),
      row === undefined ? "" : written(ours / row.ratio),
      row === undefined ? "" : written(row.ratio, 2),
      task.target === null ? "" : written(task.target, 2),
    ]);
    const about = [...new Set(results.map(({ said }) => said))];
    return {
      text: ["## Shards and pictures", "", table([heading, ...cells]), "", ...about, ONE_PASS_WORDS].join("\n"),
      rows,
    };
  } finally {
    sharp.concurrency(concurrency);
    await rm(place, { recursive: true });
  }
}

/** Both in turns; the first turn of each does not count. */
async function contest(task: Task, python: string, effort: Effort) {
  const peer = await startPeer<{ name: string }, { milliseconds: number; records: number }>(python, [
    "bench/peers/shards.py",
    ...task.peer,
  ]).catch((error: Error) => error);
  const [mine, theirs]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round <= effort.repetitions; round++) {
      let done = 0;
      const milliseconds = await timed(async () => {
        done = await task.work();
      });
      if (round > 0) mine.push((done / milliseconds) * 1000);
      if (peer instanceof Error) continue;
      const step = await peer.step();
      if (step.records !== done) throw new Error(`${peer.introduction.name} did ${step.records}, not ${done}`);
      if (round > 0) theirs.push((step.records / step.milliseconds) * 1000);
    }
  } finally {
    if (!(peer instanceof Error)) await peer[Symbol.asyncDispose]();
  }
  const ours = median(mine);
  if (peer instanceof Error) return { task, ours, said: `Python took no part: ${peer.message}`, row: undefined };
  const { name } = peer.introduction;
  const row: Row = {
    name: task.name,
    value: ours,
    unit: task.unit,
    against: name,
    ratio: ours / median(theirs),
    target: task.target,
  };
  return { task, ours, said: `Python: ${name}.`, row };
}

async function readAll(folder: string): Promise<number> {
  let records = 0;
  for await (const _ of await readShards(folder, { shuffle: 0 })) records++;
  return records;
}

type Fitting = (bytes: Uint8Array) => Promise<Picture>;

const ONE_PASS: Fitting = (bytes) => decodeFitted(bytes, PIXELS);
const EXACT: Fitting = async (bytes) => fitted(await decodePicture(bytes), PIXELS);

const ONE_PASS_WORDS =
  "Pictures are resized by libvips as it decodes them, unless the sample rules say `resize: exact`: then every pixel is what Pillow makes of it, which is the last row.";

async function prepareAll(pictures: readonly Uint8Array[], prepared: Fitting): Promise<number> {
  const random = new Random("bench-shards");
  for (const bytes of pictures) toPixels([augmentPicture(await prepared(bytes), drawPicture(random))], PIXELS);
  return pictures.length;
}

async function* pairs(count: number, pictures: readonly Uint8Array[]): AsyncGenerator<DataRecord> {
  for (let i = 0; i < count; i++)
    yield {
      id: `pair-${String(i).padStart(6, "0")}`,
      text: `a picture of noise, the ${i}th`,
      media: [{ at: 0, kind: "image", files: [{ type: "jpg", bytes: pictures[i % pictures.length]! }] }],
      about: { url: `https://example.org/${i}.jpg`, number: i },
    };
}

/** JPEGs with as much detail as photographs have: noise of several sizes. */
async function photographs(seed: string, count: number, width: number, height: number): Promise<Buffer[]> {
  const random = new Random(seed);
  const made: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const [w, h] = [width / 16, height / 16];
    const coarse = Uint8Array.from({ length: w * h * 3 }, () => random.integer(256));
    const smooth = await sharp(coarse, { raw: { width: w, height: h, channels: 3 } })
      .resize(width, height, { fit: "fill" })
      .raw()
      .toBuffer();
    for (let at = 0; at < smooth.length; at++)
      smooth[at] = Math.max(0, Math.min(255, smooth[at]! + random.integer(17) - 8));
    made.push(
      await sharp(smooth, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 85 })
        .toBuffer(),
    );
  }
  return made;
}
