/**
 * Clips: a thing that moves, grows, turns, comes or goes, with a sentence that says so. They are to videos what captions
 * are to pictures: nothing but the change over the frames tells the verb.
 */
import type { Picture } from "../../media/pixels.js";
import type { Document } from "../../prompt/document.js";
import type { Random } from "../../random.js";
import { paintBackground } from "./backgrounds.js";
import { drawSprite, type Placement, paintOf, pose } from "./compose.js";
import { type Concept, conceptOf } from "./concepts.js";
import { say } from "./grammar.js";
import type { Group } from "./grouping.js";
import { nounPhrase, numberKind } from "./nouns.js";
import { backgroundFor, conceptsOf, conceptThat, otherConcept, type WorldOptions } from "./sampling.js";
import type { Background } from "./scene.js";
import type { Sprites } from "./sprites.js";

/** What happens in a clip, each with a sense as its texts say it. */
export const CHANGES = {
  moves: ["left", "right", "up", "down"],
  grows: [],
  shrinks: [],
  turns: ["clockwise", "anticlockwise"],
  appears: [],
  disappears: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** One of `CHANGES`. */
export type Change = keyof typeof CHANGES;

/** Which way something moves or turns. */
export type Sense = (typeof CHANGES)[Change][number];

/** A clip's meaning. */
export interface Clip {
  /** The thing that changes. */
  readonly actor: string;
  readonly change: Change;
  /** Undefined for a change that has none. */
  readonly sense: Sense | undefined;
  /** A thing beside it that stays as it is. */
  readonly bystander: string | undefined;
  readonly background: Background;
}

/** A clip and the sentence that tells it. */
export interface ClipPair {
  readonly clip: Clip;
  readonly text: string;
}

/** Which clips are drawn. */
export interface ClipOptions extends WorldOptions {
  /** All kinds alike unless told. */
  readonly changes?: readonly Change[];
  /** The chance of the form `Output: the dog moves left`; 0.65 unless told. */
  readonly canonical?: number;
}

/** Groups whose things show which way they are turned. */
const TURNED: readonly Group[] = ["animal", "vehicle", "tool", "instrument", "building", "person", "gesture"];

/** A clip of a random kind and its sentence; a third of the clips have a bystander. */
export function clipPair(random: Random, options: ClipOptions = {}): ClipPair {
  const concepts = conceptsOf(options);
  const change = random.pick(options.changes ?? (Object.keys(CHANGES) as Change[]));
  const senses: readonly Sense[] = CHANGES[change];
  const sense = senses.length === 0 ? undefined : random.pick(senses);
  const actor =
    change === "turns" ? conceptThat(random, concepts, ({ group }) => TURNED.includes(group)) : random.pick(concepts);
  const bystander = random.chance(1 / 3) ? otherConcept(random, concepts, [actor]) : undefined;
  const ids = [actor, ...(bystander === undefined ? [] : [bystander])].map(({ id }) => id);
  const clip = { actor: actor.id, change, sense, bystander: bystander?.id, background: backgroundFor(random, ids) };
  const what = happening(clip);
  const text = random.chance(options.canonical ?? 0.65)
    ? `Output: ${what}`
    : say(random, TOLD, { what, beside: beside(bystander) });
  return { clip, text };
}

const TOLD = [
  "{what}.",
  "{what}{beside}.",
  "in this video {what}.",
  "{|look|see|watch}: {what}!",
  "{person} filmed this {spot}: {what}.",
  "{time} {person} {saw} it: {what}.",
  "what happens here? {what}.",
];

function beside(bystander: Concept | undefined): string {
  if (bystander === undefined) return "";
  return ` beside ${nounPhrase(bystander)}`;
}

/** What happens, as a clause: "the dog moves left", "the scissors turn clockwise". */
export function happening({ actor, change, sense }: Pick<Clip, "actor" | "change" | "sense">): string {
  const concept = conceptOf(actor) ?? { name: actor };
  const verb = numberKind(concept) === "plural" ? change.slice(0, -1) : change;
  return `the ${concept.name} ${verb}${sense === undefined ? "" : ` ${sense}`}`;
}

/** The ids of all things that a clip shows, for `Artwork.load`. */
export function thingsOfClip({ actor, bystander }: Clip): string[] {
  return bystander === undefined ? [actor] : [actor, bystander];
}

/** How a clip is drawn. */
export interface ClipSize {
  /** The frames' side in pixels, 64 unless told. */
  readonly size?: number;
  /** Frames, 8 unless told (the paper's number, one a second); 3 or more. */
  readonly frames?: number;
}

/** Where the actor is in one frame; nothing where it is not to be seen. */
type Moment = Pick<Placement, "x" | "y" | "side"> & { readonly angle: number };

/**
 * The frames of a clip in order, each `[size, size, 3]`. The ground and what stands beside stay as they are to the pixel;
 * of the actor nothing changes but what the clip is about.
 *
 * @param sprites  must have every thing of the clip in memory.
 */
export function renderClip(
  clip: Clip,
  sprites: Sprites,
  random: Random,
  { size = 64, frames = 8 }: ClipSize = {},
): Picture[] {
  const actor = sprites.sprite(clip.actor, random);
  const other = clip.bystander === undefined ? undefined : sprites.sprite(clip.bystander, random);
  const ground = new Uint8Array(size * size * 3);
  const means = [actor, ...(other === undefined ? [] : [other])].map(({ mean }) => mean);
  const mean = paintBackground(ground, size, clip.background, means, random);
  const stage = stageOf(clip, random, size);
  if (other !== undefined && stage.beside !== undefined) {
    const place = { sprite: other, ...stage.beside, ...pose(other, random) };
    drawSprite(ground, size, place, paintOf(other, mean, random));
  }
  const [still, paint] = [pose(actor, random), paintOf(actor, mean, random)];
  return momentsOf(clip, stage, random, frames).map((moment) => {
    const data = ground.slice();
    if (moment !== undefined) {
      const place = { sprite: actor, ...still, ...moment, angle: still.angle + moment.angle };
      drawSprite(data, size, place, paint);
    }
    return { width: size, height: size, data };
  });
}

/** The clip as a document: its frames as one video, then its text. */
export function illustrateClip(
  { clip, text }: ClipPair,
  sprites: Sprites,
  random: Random,
  options: ClipSize = {},
): Document {
  return [{ video: renderClip(clip, sprites, random, options) }, { text }];
}

/** The part of the picture that the actor has to itself, in pixels, and where what stands beside it stands. */
interface Stage {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly beside: Pick<Placement, "x" | "y" | "side"> | undefined;
}

/** With a bystander each has half of the picture, cut so that the actor can move along its half. */
function stageOf({ bystander, sense }: Clip, random: Random, size: number): Stage {
  if (bystander === undefined) return { left: 0, top: 0, width: size, height: size, beside: undefined };
  const half = size / 2;
  const first = random.chance(0.5);
  const own = first ? 0 : half;
  const others = (first ? half : 0) + half / 2;
  const side = size * random.uniform(0.34, 0.46);
  const along = random.uniform(side / 2, size - side / 2);
  return sense === "left" || sense === "right"
    ? { left: 0, top: own, width: size, height: half, beside: { x: along, y: others, side } }
    : { left: own, top: 0, width: half, height: size, beside: { x: others, y: along, side } };
}

/** The actor frame by frame; the change takes up the whole clip, evenly. */
function momentsOf(
  { change, sense }: Clip,
  { left, top, width, height }: Stage,
  random: Random,
  frames: number,
): (Moment | undefined)[] {
  const room = Math.min(width, height);
  const whole = width === height;
  const large = room * random.uniform(whole ? 0.6 : 0.75, whole ? 0.85 : 0.92);
  const side = change === "moves" && whole ? room * random.uniform(0.35, 0.5) : large;
  const within = (start: number, length: number, share = random.uniform()) =>
    start + side / 2 + share * Math.max(0, length - side);
  const [x, y] = [within(left, width), within(top, height)];
  const still = { x, y, side, angle: 0 };
  const at = (frame: number) => frame / (frames - 1);
  const each = (moment: (share: number, frame: number) => Moment | undefined) =>
    Array.from({ length: frames }, (_, frame) => moment(at(frame), frame));
  switch (change) {
    case "moves": {
      const [from, to] = [random.uniform(0, 0.15), random.uniform(0.85, 1)];
      const back = sense === "left" || sense === "up";
      const share = (t: number) => (back ? to - (to - from) * t : from + (to - from) * t);
      return each((t) =>
        sense === "left" || sense === "right"
          ? { ...still, x: within(left, width, share(t)) }
          : { ...still, y: within(top, height, share(t)) },
      );
    }
    case "grows":
    case "shrinks": {
      const small = random.uniform(0.3, 0.45);
      return each((t) => ({
        ...still,
        side: side * (change === "grows" ? small + (1 - small) * t : 1 - (1 - small) * t),
      }));
    }
    case "turns": {
      const whole = random.uniform(0.7, 1.2) * Math.PI * (sense === "clockwise" ? 1 : -1);
      return each((t) => ({ ...still, angle: whole * t }));
    }
    default: {
      const first = 1 + random.integer(frames - 2);
      return each((_, frame) => (frame >= first === (change === "appears") ? still : undefined));
    }
  }
}
