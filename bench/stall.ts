/** How long the main thread is kept from everything else while a model is opened and answers. */
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { EMBEDDED, openFlamingo } from "#dist/generation/flamingo.node.js";
import type { FlamingoModel } from "#dist/generation/flamingo-model.js";
import { image } from "#dist/prompt/load.js";
import { Random } from "#dist/random.js";
import { type Effort, median, type Page, table, written } from "./measure.js";

export interface StallOptions {
  /** Folder of the model; the embedded one unless told. */
  readonly model?: string | undefined;
}

/** What the event loop went through while some work was under way, in milliseconds. */
interface Stalls {
  /** Longest time between two turns of a timer of 1 ms. */
  readonly wall: number;
  /** Most processor time of the main thread between two such turns. */
  readonly busy: number;
  readonly whole: number;
}

/** Processor time of the main thread so far, in milliseconds; Linux only. */
function ownTime(): number {
  const schedule = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8");
  return Number(schedule.slice(0, schedule.indexOf(" "))) / 1e6;
}

async function stallsOf(work: () => Promise<unknown>): Promise<Stalls> {
  // A turn of its own, so that what came before is not counted.
  await new Promise((resolve) => setTimeout(resolve, 20));
  let [wall, busy] = [0, 0];
  let [lastTurn, lastBusy] = [performance.now(), ownTime()];
  const turn = () => {
    const [now, used] = [performance.now(), ownTime()];
    wall = Math.max(wall, now - lastTurn);
    busy = Math.max(busy, used - lastBusy);
    [lastTurn, lastBusy] = [now, used];
  };
  const timer = setInterval(turn, 1);
  const began = performance.now();
  await work();
  const whole = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(timer);
  return { wall, busy, whole };
}

type Case = readonly [name: string, work: (model: FlamingoModel, round: number) => Promise<unknown>];

export async function stall(effort: Effort, { model = EMBEDDED }: StallOptions): Promise<Page> {
  const rounds = effort.small ? 1 : 5;
  const [width, height] = effort.small ? [80, 60] : [4000, 3000];
  const size = `${width} x ${height}`;
  const random = new Random("bench-stall");
  const many = (count: number, name: string, w: number, h: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => photograph(random.fork(`${name} ${i}`), w, h)));
  const photographs = await many(2 * rounds, "photograph", width, height);
  const small = await many(8 * rounds, "small", 64, 64);
  const addresses = photographs.map(({ jpeg }) => `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`);
  const words = Array.from({ length: effort.small ? 4 : 200 }, (_, i) => `${i % 9} lemons and ${i} guitars`);
  const eight = (round: number) => small.slice(8 * round, 8 * round + 8).map(({ png }) => image(png));
  const cases: readonly Case[] = [
    ["a PNG of 64 x 64", (flamingo, round) => flamingo.generate([eight(round)[0]!, "Output:"])],
    [
      "8 PNGs of 64 x 64, a beam of 3",
      (flamingo, round) => flamingo.generate([...few(flamingo, eight(round)), "Output:"], { beam: 3 }),
    ],
    [`a JPEG of ${size}`, (flamingo, round) => flamingo.generate([image(photographs[round]!.jpeg), "Output:"])],
    [`a JPEG of ${size} in a data: URL`, (flamingo, round) => flamingo.generate([image(addresses[round]!), "Output:"])],
    [
      `4 JPEGs of ${size}`,
      (flamingo) => flamingo.generate([...few(flamingo, addresses.slice(0, 4)).map(image), "Output:"]),
    ],
    [
      `a decoded picture of ${size}`,
      (flamingo, round) => flamingo.generate([image(photographs[rounds + round]!.raw), "Output:"]),
    ],
    [
      "a prompt of as many tokens as fit",
      (flamingo) => flamingo.generate([eight(0)[0]!, " a".repeat(wordsThatFit(flamingo)), " Output:"]),
    ],
    [
      "a book, which is refused",
      (flamingo) => flamingo.generate(["A lemon, and a guitar. ".repeat(100_000)]).catch(() => undefined),
    ],
    [`${words.length} choices`, (flamingo) => flamingo.rank([eight(0)[0]!, "Output:"], words)],
    ["a beam of 16", (flamingo) => flamingo.generate([eight(0)[0]!, "Output:"], { beam: 16 })],
    [
      "8 prompts at once, sampled",
      (flamingo, round) =>
        Promise.all(
          eight(round).map((picture, seed) => flamingo.generate([picture, "Output:"], { temperature: 1, seed })),
        ),
    ],
  ];
  const rows = new Map<string, Stalls[]>();
  const measured = async (name: string, work: () => Promise<unknown>) => {
    rows.set(name, [...(rows.get(name) ?? []), await stallsOf(work)]);
  };
  for (let round = 0; round < rounds; round++) {
    let opened: FlamingoModel | undefined;
    await measured("opening the model", async () => {
      opened = await openFlamingo(model);
    });
    await using flamingo = opened!;
    for (const [name, work] of cases) await measured(name, () => work(flamingo, round));
  }
  const most = (stalls: readonly Stalls[]) => Math.max(...stalls.map(({ busy }) => busy));
  const middle = (stalls: readonly Stalls[], of: "wall" | "whole") => written(median(stalls.map((one) => one[of])), 1);
  const text = [
    [
      "While something is asked of a model, a timer of 1 ms runs in the main thread. A stall is the time between two of its",
      `turns. For each question the longest one, as the clock has it (the median of ${rounds} rounds), and as processor time of the`,
      `main thread (the worst of ${rounds} rounds): others on the machine make the first longer, not the second.`,
    ].join(" "),
    "",
    table([
      ["asked", "longest stall, ms", "most processor time in one, ms", "all of it, ms"],
      ...[...rows].map(([name, stalls]) => [
        name,
        middle(stalls, "wall"),
        written(most(stalls), 1),
        middle(stalls, "whole"),
      ]),
    ]),
  ].join("\n");
  return {
    text,
    rows: [...rows].map(([name, stalls]) => {
      const busy = most(stalls);
      return { name, value: busy, unit: "ms", against: `${LIMIT} ms`, ratio: busy / LIMIT, target: 1 };
    }),
  };
}

/** Milliseconds for which nobody should keep the main thread while a model answers. */
const LIMIT = 20;

/** As many as a prompt of the model may have. */
function few<T>({ config }: FlamingoModel, pictures: readonly T[]): readonly T[] {
  return pictures.slice(0, config.limits.maximumMedia);
}

/** How often " a" goes into a prompt, beside a picture and its question. */
function wordsThatFit({ config, tokenizer }: FlamingoModel): number {
  return Math.floor((config.limits.maximumTokens - 24) / tokenizer.encode(" a").length);
}

/** Something with smooth parts and grain, as a camera gives it. */
async function photograph(random: Random, width: number, height: number) {
  const [fx, fy, tint] = [1 + random.integer(9), 1 + random.integer(9), random.integer(80)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const down = Math.sin((fy * y) / height);
    for (let x = 0; x < width; x++, at += 3) {
      const light = 120 + 60 * down * Math.cos((fx * x) / width) + ((x * 7919 + y * 104729) % 23);
      data[at] = light + tint;
      data[at + 1] = light;
      data[at + 2] = light - tint;
    }
  }
  const file = () => sharp(data, { raw: { width, height, channels: 3 } });
  return {
    raw: { width, height, data },
    png: new Uint8Array(await file().png().toBuffer()),
    jpeg: new Uint8Array(await file().jpeg().toBuffer()),
  };
}
