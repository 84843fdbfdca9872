/**
 * Draws scenes. All randomness comes from the `Random` passed, so a test suite fixed by a seed shows renderings that no
 * training seed has drawn.
 */
import type { Picture } from "../../media/pixels.js";
import type { Random } from "../../random.js";
import { type Colour, jitter, paintBackground } from "./backgrounds.js";
import type { Scene } from "./scene.js";
import type { Level, Sprite, Sprites } from "./sprites.js";

/** Where one thing stands in the picture, in pixels; angles in radians. */
export interface Placement {
  readonly sprite: Sprite;
  /** The centre. */
  readonly x: number;
  readonly y: number;
  /** The side of the sprite's square. */
  readonly side: number;
  readonly angle: number;
  readonly mirrored: boolean;
  /** Width over height, near 1, and slant, near 0: handwriting is warped, artwork hardly. */
  readonly aspect: number;
  readonly slant: number;
}

/** How a thing is painted: each channel becomes `gain * value + lift`, or `ink` whatever the sprite's colours. */
export interface Paint {
  readonly gain: number;
  readonly lift: number;
  readonly ink: Colour | undefined;
}

/** The side of each thing of n, as a share of the picture's. */
const SHARE = [0.7, 0.7, 0.47, 0.41, 0.37, 0.33, 0.3, 0.28, 0.27];

/**
 * A picture of the scene, `[size, size, 3]`. A single thing takes 45 to 95% of the side, several take less and hardly overlap.
 *
 * @param sprites  must have every thing of the scene in memory.
 */
export function renderScene(scene: Scene, sprites: Sprites, random: Random, size = 64): Picture {
  const placements = placeThings(scene, sprites, random, size);
  const data = new Uint8Array(size * size * 3);
  const ground = paintBackground(
    data,
    size,
    scene.background,
    placements.map(({ sprite }) => sprite.mean),
    random,
  );
  for (const placement of placements) drawSprite(data, size, placement, paintOf(placement.sprite, ground, random));
  return { width: size, height: size, data };
}

/** A place for every thing of a scene, in no order of kinds. */
export function placeThings(scene: Scene, sprites: Sprites, random: Random, size: number): Placement[] {
  const drawn = scene.things.flatMap(({ id, count }) =>
    Array.from({ length: count }, () => sprites.sprite(id, random)),
  );
  const spots =
    drawn.length === 1
      ? [single(drawn[0]!, random, size)]
      : (scattered(drawn.length, random, size) ?? grid(drawn.length, random, size));
  return random.shuffle(drawn).map((sprite, i) => ({ sprite, ...spots[i]!, ...pose(sprite, random) }));
}

type Spot = Pick<Placement, "x" | "y" | "side">;

function single(sprite: Sprite, random: Random, size: number): Spot {
  const side = size * random.uniform(sprite.ink ? 0.65 : 0.45, 0.95);
  const slack = Math.max(0, (size - side * 0.94) / 2);
  return { side, x: size / 2 + random.uniform(-slack, slack), y: size / 2 + random.uniform(-slack, slack) };
}

/** Random places that keep apart, or undefined when luck did not find them. */
function scattered(count: number, random: Random, size: number): Spot[] | undefined {
  const share = SHARE[count];
  if (share === undefined) return undefined;
  const spots: Spot[] = [];
  for (let tries = 0; tries < 24 * count && spots.length < count; tries++) {
    const side = size * share * random.uniform(0.8, 1.15);
    const half = side * 0.48;
    const [x, y] = [random.uniform(half, size - half), random.uniform(half, size - half)];
    if (spots.every((other) => Math.hypot(x - other.x, y - other.y) > 0.46 * (side + other.side)))
      spots.push({ side, x, y });
  }
  return spots.length === count ? spots : undefined;
}

/** A jittered grid, its cells in random order. */
function grid(count: number, random: Random, size: number): Spot[] {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const [width, height] = [size / columns, size / rows];
  const cells = random.sample(
    Array.from({ length: rows * columns }, (_, i) => i),
    count,
  );
  return cells.map((cell) => {
    const side = Math.min(width, height) * random.uniform(0.75, 0.95);
    const shift = (room: number) => random.uniform(-0.5, 0.5) * (room - side);
    return {
      side,
      x: width * ((cell % columns) + 0.5) + shift(width),
      y: height * (Math.floor(cell / columns) + 0.5) + shift(height),
    };
  });
}

/** How a thing is held: turned a little, rarely far; mirrored half the time; handwriting is never mirrored. */
export function pose(sprite: Sprite, random: Random): Pick<Placement, "angle" | "mirrored" | "aspect" | "slant"> {
  const warp = sprite.ink ? 0.18 : 0.06;
  const bend = { aspect: 1 + random.uniform(-warp, warp), slant: random.uniform(-warp, warp) };
  if (sprite.ink) return { angle: sprite.turn + random.uniform(-0.25, 0.25), mirrored: false, ...bend };
  const anyAngle = random.chance(0.08);
  const angle = anyAngle ? random.uniform(-Math.PI, Math.PI) : (random.normal() * 0.2) % 0.44;
  return { angle, mirrored: random.chance(0.5), ...bend };
}

/** The light that a thing stands in; for handwriting an ink that can be told from the ground. */
export function paintOf(sprite: Sprite, ground: Colour, random: Random): Paint {
  const gain = random.uniform(0.85, 1.12);
  const lift = random.uniform(-14, 14) + 110 * (1 - gain);
  if (!sprite.ink) return { gain, lift, ink: undefined };
  const light = ground[0] + ground[1] + ground[2] > 380;
  const ink = random.chance(0.6)
    ? jitter(light ? [30, 30, 36] : [232, 232, 228], 26, random)
    : jitter(light ? [80, 70, 90] : [200, 205, 190], 75, random);
  return { gain: 1, lift: 0, ink };
}

/**
 * Draws one sprite over `data`, `[size, size, 3]`, sampled bilinearly from the level nearest in size.
 *
 * @returns the opaque area drawn, in pixels: 0 means that nothing of it can be seen.
 */
export function drawSprite(data: Uint8Array, size: number, place: Placement, paint: Paint = PLAIN): number {
  const level = place.sprite.level(place.side);
  const side = level.size;
  const scale = side / place.side;
  const [cos, sin] = [Math.cos(place.angle) * scale, Math.sin(place.angle) * scale];
  const flip = place.mirrored ? -1 : 1;
  const dux = (flip * (cos + place.slant * sin)) / place.aspect;
  const duy = (flip * (sin - place.slant * cos)) / place.aspect;
  const [dvx, dvy] = [-sin * place.aspect, cos * place.aspect];
  const reach = place.side * 0.5 * (Math.abs(Math.cos(place.angle)) + Math.abs(Math.sin(place.angle))) * 1.25;
  const [left, right] = [Math.max(0, Math.floor(place.x - reach)), Math.min(size, Math.ceil(place.x + reach))];
  const [top, bottom] = [Math.max(0, Math.floor(place.y - reach)), Math.min(size, Math.ceil(place.y + reach))];
  let covered = 0;
  for (let y = top; y < bottom; y++) {
    const dy = y + 0.5 - place.y;
    const dx = left + 0.5 - place.x;
    let u = dx * dux + dy * duy + side / 2 - 0.5;
    let v = dx * dvx + dy * dvy + side / 2 - 0.5;
    for (let x = left; x < right; x++, u += dux, v += dvx) {
      if (u <= -1 || v <= -1 || u >= side || v >= side) continue;
      covered += blend(data, (y * size + x) * 3, level, u, v, paint);
    }
  }
  return covered / 255;
}

const PLAIN: Paint = { gain: 1, lift: 0, ink: undefined };

/** Blends the sprite at texel (u, v) over the pixel at `at`; returns its alpha, 0 to 255. Outside the level is transparent. */
function blend(data: Uint8Array, at: number, level: Level, u: number, v: number, paint: Paint): number {
  const { size, data: texels } = level;
  const [column, row] = [Math.floor(u), Math.floor(v)];
  const [s, t] = [u - column, v - row];
  const [inLeft, inRight] = [column >= 0 ? 1 : 0, column + 1 < size ? 1 : 0];
  const [inTop, inBottom] = [row >= 0 ? 1 : 0, row + 1 < size ? 1 : 0];
  const w00 = (1 - s) * (1 - t) * inLeft * inTop;
  const w01 = s * (1 - t) * inRight * inTop;
  const w10 = (1 - s) * t * inLeft * inBottom;
  const w11 = s * t * inRight * inBottom;
  const base = (row * size + column) * 4;
  const i00 = w00 ? base : 0;
  const i01 = w01 ? base + 4 : 0;
  const i10 = w10 ? base + size * 4 : 0;
  const i11 = w11 ? base + size * 4 + 4 : 0;
  const alpha = texels[i00 + 3]! * w00 + texels[i01 + 3]! * w01 + texels[i10 + 3]! * w10 + texels[i11 + 3]! * w11;
  if (alpha < 1) return 0;
  const share = alpha / 255;
  for (let c = 0; c < 3; c++) {
    let colour: number;
    if (paint.ink) colour = paint.ink[c]! * share;
    else {
      colour = texels[i00 + c]! * w00 + texels[i01 + c]! * w01 + texels[i10 + c]! * w10 + texels[i11 + c]! * w11;
      colour = colour * paint.gain + paint.lift * share;
    }
    const value = data[at + c]! * (1 - share) + colour;
    data[at + c] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
  }
  return alpha;
}
