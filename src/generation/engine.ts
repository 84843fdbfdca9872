/** What answers, in a thread of its own: the model's two programs and the caches of every conversation live here together. */

import { ReleasedError, UsageError } from "../errors.js";
import type { ArrayOf } from "../graph/index.js";
import type { Device, PortableGraph, Runtime, Tensor } from "../runtime/contract.js";
import { Rows } from "./cache.js";
import { newNames, pastNames, visualNames } from "./graphs.js";
import { logSoftmax } from "./language-state.js";

/** Where an engine computes. */
export interface EngineOptions {
  /** Threads inside one op on the CPU; unless told 2, or as many as the machine has if fewer, and 1 in a browser. */
  readonly threads?: number;
  /** The CPU unless told. */
  readonly device?: Device;
}

/** Sizes of what one block keeps of the tokens before. */
export interface CacheSizes {
  /** Channels of a token's keys, and of its values. */
  readonly width: number;
  /** Numbers kept for causal taps: tokens x channels. 0 without them. */
  readonly recent: readonly [tokens: number, channels: number];
}

export interface EngineInit extends EngineOptions {
  readonly look: PortableGraph;
  readonly read: PortableGraph;
  /** What each block that has a cache keeps: those of the language model, then grafts. */
  readonly caches: readonly CacheSizes[];
  readonly gatedBlocks: number;
  /** Visual tokens of a medium. */
  readonly latents: number;
  /** Channels of a visual token's keys, and of its values, in a gated block. */
  readonly visualWidth: number;
  /** Folder in which files named by weights lie. */
  readonly weightsFolder?: string;
  /** Whether a token looks at all media up to its last one, and not at that alone. */
  readonly attendsAll: boolean;
}

/** Tokens to read after a state: the start of a conversation when `from` is null. */
export interface Reading {
  readonly from: number | null;
  readonly tokens: readonly number[];
  /** For each token the number of the medium it looks at, counted over the whole conversation; 0 none. */
  readonly lastMedia: readonly number[];
  /** Media that come in with these tokens, as `look` numbered them. */
  readonly media: readonly number[];
}

/** A state by its number, and the logits after its last token, [vocabulary]. */
export interface Read {
  readonly state: number;
  readonly logits: Float32Array;
}

export type Engine = {
  /** Encodes media, each [frames, height, width, 3], and keeps what the gated blocks need; gives each a number. */
  look(pixels: readonly Float32Array[], shape: readonly number[]): Promise<number[]>;
  /** Reads tokens and keeps the state. */
  read(reading: Reading): Promise<Read>;
  /** One more token for each of several states, computed together where their lengths agree. */
  extend(steps: readonly { readonly state: number; readonly token: number }[]): Promise<Read[]>;
  /** Log-probabilities of the second and every further token, after the state and the tokens before it; nothing is kept. */
  score(from: number, tokens: readonly number[]): Promise<Float64Array>;
  releaseStates(states: readonly number[]): void;
  releaseMedia(media: readonly number[]): void;
  /** What is held, for the curious and for tests. */
  held(): { states: number; media: number };
};

interface State {
  readonly length: number;
  /** The medium that the last token looks at. */
  readonly lastMedium: number;
  /** Held by the state itself: they may be released by their numbers while it lives. */
  readonly media: readonly Medium[];
  readonly blocks: readonly { key: Rows; value: Rows; recent: Float32Array }[];
}

type Medium = readonly { key: Float32Array; value: Float32Array }[];

/** Compiles the two programs and holds what they compute. */
export async function openEngine(runtime: Runtime, init: EngineInit): Promise<Engine> {
  const { look, read, caches, latents, visualWidth, threads, device } = init;
  const { weightsFolder } = init;
  const options = {
    ...(threads === undefined ? {} : { threads }),
    ...(device === undefined ? {} : { device }),
    ...(weightsFolder === undefined ? {} : { weightsFolder }),
  };
  const lookProgram = await runtime.compile(look, options);
  const readProgram = await runtime.compile(read, options);
  const states = new Map<number, State>();
  const media = new Map<number, Medium>();
  let count = 0;
  const begin: State = {
    length: 0,
    lastMedium: 0,
    media: [],
    blocks: caches.map(({ width, recent: [tokens, channels] }) => ({
      key: new Rows(width),
      value: new Rows(width),
      recent: new Float32Array(tokens * channels),
    })),
  };
  const fresh = (): State => ({
    ...begin,
    blocks: begin.blocks.map(({ recent }, block) => ({
      key: new Rows(caches[block]!.width),
      value: new Rows(caches[block]!.width),
      recent,
    })),
  });
  const stateOf = (id: number): State => {
    const state = states.get(id);
    if (state === undefined) throw new ReleasedError(`State ${id} was released.`, "read the prompt again");
    return state;
  };
  const mediumOf = (id: number): Medium => {
    const medium = media.get(id);
    if (medium === undefined) throw new ReleasedError(`Medium ${id} was released.`, "look at it again");
    return medium;
  };

  interface Row {
    readonly state: State;
    readonly tokens: readonly number[];
    readonly lastMedia: readonly number[];
    readonly media: readonly Medium[];
  }

  /** Runs rows of equal past and text; `all`: logits after every token, else after the last. */
  async function run(rows: readonly Row[], all: boolean): Promise<{ logits: Float32Array[]; next: State[] }> {
    const batch = rows.length;
    const past = rows[0]!.state.length;
    const text = rows[0]!.tokens.length;
    const last = [...new Set(rows.flatMap(({ lastMedia }) => lastMedia))].filter((n) => n > 0);
    // Only what some token of this call looks at is read: for one more token, one medium.
    const numbers = init.attendsAll ? range(1, Math.max(0, ...last)) : last.sort((a, b) => a - b);
    const shown = numbers.length === 0 ? [0] : numbers;
    const blank = new Float32Array(latents * visualWidth);
    const visual = (block: number, kind: "key" | "value") =>
      stack(rows.flatMap((row) => shown.map((n) => (n === 0 ? blank : row.media[n - 1]![block]![kind]))));
    const ints = (values: readonly number[], shape: number[]): Tensor => ({ data: Int32Array.from(values), shape });
    const floats = (values: readonly number[], shape: number[]): Tensor => ({ data: Float32Array.from(values), shape });
    const feeds: Record<string, Tensor | ArrayOf> = {
      tokens: ints(
        rows.flatMap(({ tokens }) => tokens),
        [batch, text],
      ),
      lastMedia: ints(
        rows.flatMap(({ lastMedia }) => lastMedia),
        [batch, text],
      ),
      mediaOfSeen: ints(
        shown.flatMap((n) => Array<number>(latents).fill(n)),
        [shown.length * latents],
      ),
      positions: floats(
        rows.flatMap(() => range(past, text)),
        [batch, text],
      ),
      keyPositions: floats(
        rows.flatMap(() => range(0, past + text)),
        [batch, past + text],
      ),
      rows: ints(all ? range(0, batch * text) : rows.map((_, b) => (b + 1) * text - 1), [all ? batch * text : batch]),
    };
    for (let block = 0; block < init.gatedBlocks; block++) {
      const names = visualNames(block);
      const shape = [batch, shown.length * latents, visualWidth];
      feeds[names.key] = { data: visual(block, "key"), shape };
      feeds[names.value] = { data: visual(block, "value"), shape };
    }
    for (const [block, { width, recent }] of caches.entries()) {
      const names = pastNames(block);
      const own = rows.map(({ state }) => state.blocks[block]!);
      const shape = [batch, past, width];
      feeds[names.key] = { data: stack(own.map(({ key }) => key.first(past))), shape };
      feeds[names.value] = { data: stack(own.map(({ value }) => value.first(past))), shape };
      if (recent[0] > 0)
        feeds[names.recent] = { data: stack(own.map((cache) => cache.recent)), shape: [batch, ...recent] };
    }
    const out = await readProgram.run(feeds);
    const numbersOf = (name: string) => out[name]!.data as Float32Array;
    const part = (data: Float32Array, row: number) =>
      data.subarray((row * data.length) / batch, ((row + 1) * data.length) / batch);
    const next = all
      ? []
      : rows.map(
          (row, b): State => ({
            length: past + text,
            lastMedium: row.lastMedia.at(-1)!,
            media: row.media,
            blocks: row.state.blocks.map(({ key, value, recent }, block) => {
              const names = newNames(block);
              return {
                key: key.append(past, part(numbersOf(names.key), b)),
                value: value.append(past, part(numbersOf(names.value), b)),
                recent: recent.length > 0 ? lastRows(recent, part(numbersOf(names.recent), b)) : recent,
              };
            }),
          }),
        );
    return { logits: rows.map((_, b) => part(numbersOf("logits"), b).slice()), next };
  }

  function keep(state: State): number {
    const id = count++;
    states.set(id, state);
    return id;
  }

  return {
    async look(pixels, shape) {
      const out = await lookProgram.run({ pixels: { data: stack(pixels), shape: [pixels.length, ...shape] } });
      return pixels.map((_, n) => {
        const id = count++;
        const own = ({ data }: Tensor) =>
          (data as Float32Array).slice(n * latents * visualWidth, (n + 1) * latents * visualWidth);
        media.set(
          id,
          Array.from({ length: init.gatedBlocks }, (_, block) => {
            const names = visualNames(block);
            return { key: own(out[names.key]!), value: own(out[names.value]!) };
          }),
        );
        return id;
      });
    },
    async read({ from, tokens, lastMedia, media: more }) {
      const state = from === null ? fresh() : stateOf(from);
      const shown = [...state.media, ...more.map(mediumOf)];
      const furthest = Math.max(0, ...lastMedia);
      if (furthest > shown.length)
        throw new UsageError(
          `A token looks at medium ${furthest} of a conversation that has ${shown.length}.`,
          "give a medium for every tag",
        );
      const { logits, next } = await run([{ state, tokens, lastMedia, media: shown }], false);
      return { state: keep(next[0]!), logits: logits[0]! };
    },
    async extend(steps) {
      const results: Read[] = [];
      const groups = new Map<string, { state: number; token: number; at: number }[]>();
      steps.forEach((step, at) => {
        const shape = sameShape(stateOf(step.state));
        groups.set(shape, [...(groups.get(shape) ?? []), { ...step, at }]);
      });
      for (const group of groups.values()) {
        const rows = group.map(({ state: id, token }): Row => {
          const state = stateOf(id);
          return { state, tokens: [token], lastMedia: [state.lastMedium], media: state.media };
        });
        const { logits, next } = await run(rows, false);
        group.forEach(({ at }, i) => {
          results[at] = { state: keep(next[i]!), logits: logits[i]! };
        });
      }
      return results;
    },
    async score(from, tokens) {
      const state = stateOf(from);
      const before = tokens.slice(0, -1);
      const row = { state, tokens: before, lastMedia: before.map(() => state.lastMedium), media: state.media };
      const logits = (await run([row], true)).logits[0]!;
      const vocabulary = logits.length / before.length;
      return Float64Array.from(before, (_, i) => {
        const logProbs = logSoftmax(logits.subarray(i * vocabulary, (i + 1) * vocabulary));
        return logProbs[tokens[i + 1]!]!;
      });
    },
    releaseStates(ids) {
      for (const id of ids) states.delete(id);
    },
    releaseMedia(ids) {
      for (const id of ids) media.delete(id);
    },
    held: () => ({ states: states.size, media: media.size }),
  };
}

function range(from: number, length: number): number[] {
  return Array.from({ length }, (_, i) => from + i);
}

/** States that can be computed in one batch. */
function sameShape({ length, lastMedium }: State): string {
  return `${length} ${lastMedium}`;
}

function stack(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The last rows of `before` and `more` together, as many as `before` has. */
function lastRows(before: Float32Array, more: Float32Array): Float32Array {
  const kept = new Float32Array(before.length);
  const fromMore = Math.min(before.length, more.length);
  kept.set(before.subarray(fromMore));
  kept.set(more.subarray(more.length - fromMore), before.length - fromMore);
  return kept;
}
