import { beforeAll, describe, expect, it } from "vitest";
import { openArtwork } from "../../src/data/world/artwork.js";
import {
  CHANGES,
  type Change,
  type Clip,
  clipPair,
  happening,
  renderClip,
  type Sense,
  thingsOfClip,
} from "../../src/data/world/clips.js";
import { Random } from "../../src/random.js";

const artwork = await openArtwork();
const clips = (change: Change, count: number) =>
  Array.from({ length: count }, (_, seed) => clipPair(new Random(`${change} ${seed}`), { changes: [change] }));

/** Where a frame differs from the one in which nothing stands: its centre, and how many pixels. */
function difference(frame: Uint8Array, ground: Uint8Array, size: number) {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < frame.length; i += 3) {
    if (
      Math.abs(frame[i]! - ground[i]!) +
        Math.abs(frame[i + 1]! - ground[i + 1]!) +
        Math.abs(frame[i + 2]! - ground[i + 2]!) <
      24
    )
      continue;
    sum++;
    x += (i / 3) % size;
    y += Math.floor(i / 3 / size);
  }
  return { sum, x: x / sum, y: y / sum };
}

/** What most frames agree on, pixel by pixel: of a thing that moves, the ground. */
function groundOf(frames: readonly { data: Uint8Array }[]): Uint8Array {
  const out = new Uint8Array(frames[0]!.data.length);
  for (let i = 0; i < out.length; i += 3) {
    const votes = new Map<string, number>();
    for (const { data } of frames) {
      const key = `${data[i]},${data[i + 1]},${data[i + 2]}`;
      votes.set(key, (votes.get(key) ?? 0) + 1);
    }
    const [best] = [...votes].sort((a, b) => b[1] - a[1])[0]!;
    out.set(best.split(",").map(Number), i);
  }
  return out;
}

describe("a clip", () => {
  beforeAll(async () => {
    for (const change of Object.keys(CHANGES) as Change[])
      await artwork.load(clips(change, 12).flatMap(({ clip }) => thingsOfClip(clip)));
  });

  it("says what happens in the number that its thing has", () => {
    expect(happening({ actor: "dog", change: "moves", sense: "left" })).toBe("the dog moves left");
    expect(happening({ actor: "scissors", change: "turns", sense: "clockwise" })).toBe("the scissors turn clockwise");
    for (const change of Object.keys(CHANGES) as Change[])
      for (const { clip, text } of clips(change, 12))
        expect(text.toLowerCase()).toContain(happening(clip).toLowerCase());
  });

  it("has the same frames for the same seed, all of one size", () => {
    const { clip } = clips("moves", 1)[0]!;
    const draw = () => renderClip(clip, artwork, new Random(3), { size: 48, frames: 6 });
    expect(draw()).toEqual(draw());
    expect(draw().map(({ width, height, data }) => [width, height, data.length])).toEqual(
      Array(6).fill([48, 48, 48 * 48 * 3]),
    );
  });

  it("moves the way its text says", () => {
    for (const { clip } of clips("moves", 12)) {
      const size = 96;
      const frames = renderClip(clip, artwork, new Random(clip.actor), { size });
      const ground = groundOf(frames);
      const [first, last] = [frames[0]!, frames.at(-1)!].map(({ data }) => difference(data, ground, size));
      const way = {
        left: first!.x - last!.x,
        right: last!.x - first!.x,
        up: first!.y - last!.y,
        down: last!.y - first!.y,
      };
      expect(way[clip.sense as "left"], `${clip.actor} ${clip.sense}`).toBeGreaterThan(0.12 * size);
    }
  });

  it("grows or shrinks, comes or goes as its text says", () => {
    for (const [change, more] of [
      ["grows", true],
      ["shrinks", false],
      ["appears", true],
      ["disappears", false],
    ] as const)
      for (const { clip } of clips(change, 12)) {
        const plain: Clip = {
          ...clip,
          bystander: undefined,
          background: { kind: "plain", colour: clip.background.colour ?? "white" },
        };
        const frames = renderClip(plain, artwork, new Random(clip.actor), { size: 96 });
        const corner = frames[0]!.data.slice(0, 3);
        const ground = frames[0]!.data.map((_, i) => corner[i % 3]!);
        const [first, last] = [frames[0]!, frames.at(-1)!].map(({ data }) => difference(data, ground, 96).sum);
        if (more) expect(last!, `${clip.actor} ${change}`).toBeGreaterThan(1.3 * first!);
        else expect(first!, `${clip.actor} ${change}`).toBeGreaterThan(1.3 * last!);
        if (change === "appears") expect(first).toBe(0);
        if (change === "disappears") expect(last).toBe(0);
      }
  });

  it("turns clockwise as a watch does", async () => {
    await artwork.load(["wrench"]);
    const at = (sense: Sense) => {
      const clip: Clip = {
        actor: "wrench",
        change: "turns",
        sense,
        bystander: undefined,
        background: { kind: "plain", colour: "white" },
      };
      const frames = renderClip(clip, artwork, new Random(5), { size: 96, frames: 8 });
      // The direction of the long axis in each frame, by the second moments of what is not white.
      return frames.map(({ data }) => axisOf(data, 96));
    };
    const steps = (angles: number[]) =>
      angles.slice(1).map((angle, i) => ((angle - angles[i]! + 1.5 * Math.PI) % Math.PI) - Math.PI / 2);
    expect(steps(at("clockwise")).every((step) => step > 0.1)).toBe(true);
    expect(steps(at("anticlockwise")).every((step) => step < -0.1)).toBe(true);
  });

  it("leaves the ground and what stands beside as they are, to the pixel", () => {
    for (const { clip } of clips("appears", 12)) {
      const frames = renderClip(clip, artwork, new Random(clip.actor));
      const distinct = new Set(frames.map(({ data }) => Buffer.from(data).toString("base64")));
      expect(distinct.size).toBe(2);
    }
  });
});

/** The angle of the long axis of what is not white, from 0 to pi, growing clockwise as the rows go down. */
function axisOf(data: Uint8Array, size: number): number {
  const points: [number, number][] = [];
  for (let i = 0; i < data.length; i += 3)
    if (data[i]! + data[i + 1]! + data[i + 2]! < 600) points.push([(i / 3) % size, Math.floor(i / 3 / size)]);
  const mean = (of: (point: [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const [xx, yy, xy] = [
    mean(([x]) => (x - mx) ** 2),
    mean(([, y]) => (y - my) ** 2),
    mean(([x, y]) => (x - mx) * (y - my)),
  ];
  return (0.5 * Math.atan2(2 * xy, xx - yy) + Math.PI) % Math.PI;
}
