/** A model that answers: documents in, text out. Its doors, one for each platform, hand it a thread and eyes. */
import { ModelFolderError } from "../checkpoints/errors.js";
import type { FlamingoFile, LoadedFlamingo } from "../checkpoints/flamingo-file.js";
import { UsageError } from "../errors.js";
import { toPixels } from "../media/normalise.js";
import { type Document, framesOf, type Medium } from "../prompt/document.js";
import { interleave } from "../prompt/interleave.js";
import type { Prompt } from "../prompt/load.js";
import { requireWithin } from "../prompt/truncate.js";
import { Random } from "../random.js";
import type { Thread } from "../runtime/thread.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { beam } from "./beam.js";
import type { Engine } from "./engine.js";
import { greedy } from "./greedy.js";
import { sample } from "./sample.js";
import { score } from "./score.js";
import type { Generated, StopOptions } from "./stop.js";
import { ThreadState, threadBatching } from "./thread-state.js";

/** How an answer is written. Greedy unless `temperature` or `beam` is given. */
export interface GenerateOptions {
  /** Samples, with logits divided by this; above 0. */
  readonly temperature?: number;
  /** Samples among the likeliest tokens that hold this much probability; 1 (all) unless told. */
  readonly topP?: number;
  /** Beam search of this width; the paper's is 3. */
  readonly beam?: number;
  /** Tokens at most; 24 unless told. */
  readonly maximumTokens?: number;
  /** Seed of sampling; 0 unless told. */
  readonly seed?: number | string;
  readonly signal?: AbortSignal;
}

/** Milliseconds of each part of an answer. */
export interface Timings {
  /** Encoding the pictures not seen before. */
  readonly lookMs: number;
  /** Reading the prompt. */
  readonly readMs: number;
  /** Writing or ranking. */
  readonly writeMs: number;
}

/** An answer. */
export interface Answer {
  readonly text: string;
  readonly tokens: readonly number[];
  /** Natural logarithm of the probability of the whole answer, `<EOC>` included. */
  readonly logProb: number;
  readonly finished: Generated["finished"];
  readonly timings: Timings;
}

/** Given answers by their likelihood, likeliest first. */
export interface Ranking {
  readonly choices: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    /** Natural logarithm of its probability, `<EOC>` included. */
    readonly logProb: number;
    /** Among the choices: they sum to 1. */
    readonly probability: number;
  }[];
  readonly timings: Timings;
}

/** A prompt that was read: its answers cost nothing of the prompt again. Release it after use. */
export interface ReadPrompt {
  readonly state: ThreadState;
  readonly timings: Pick<Timings, "lookMs" | "readMs">;
  readonly tokens: readonly number[];
  readonly lastMedia: readonly number[];
}

/** Pictures whose keys and values stay in memory after their prompt. */
const KEPT_MEDIA = 512;

/** What a model is made of. */
export interface ModelParts {
  readonly config: FlamingoFile;
  readonly tokenizer: Tokenizer;
  readonly thread: Thread<Engine>;
  /** Brings the pictures of a prompt, as its platform can. */
  readonly documentOf: (prompt: Prompt) => Promise<Document>;
}

/** A loaded model. Close it when done: it holds a thread. */
export class FlamingoModel implements AsyncDisposable {
  readonly config: FlamingoFile;
  readonly tokenizer: Tokenizer;
  readonly #thread: Thread<Engine>;
  readonly #documentOf: ModelParts["documentOf"];
  /** Media that the thread has encoded or is encoding, by the hash of their pixels, the least recently used first. */
  readonly #media = new Map<string, Promise<number>>();

  /** `openFlamingo` calls it. @internal */
  constructor({ config, tokenizer, thread, documentOf }: ModelParts) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.#thread = thread;
    this.#documentOf = documentOf;
  }

  /**
   * Continues a prompt.
   * @throws {PromptLimitError} for more media or tokens than the model was made for
   * @throws {MarkInTextError} for a text that writes `<image>` or `<EOC>` itself
   * @throws as `documentOf` for pictures that cannot be had
   */
  async generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Answer> {
    const read = await this.read(prompt);
    try {
      const began = performance.now();
      const generated = await this.write(read, options);
      const timings = { ...read.timings, writeMs: performance.now() - began };
      const { tokens, logProb, finished } = generated;
      return { text: this.tokenizer.decode(tokens).trim(), tokens, logProb, finished, timings };
    } finally {
      read.state.release();
    }
  }

  /** Ranks given answers to a prompt by their likelihood, `<EOC>` included. @throws as `generate` */
  async rank(prompt: Prompt, choices: readonly string[]): Promise<Ranking> {
    const document = await this.#documentOf(prompt);
    const read = await this.read(document);
    try {
      const began = performance.now();
      const candidates = choices.map((text) => this.tokenizer.encode(spaced(document, text)));
      const end = this.tokenizer.special("<EOC>");
      const scored = await score(read.state, candidates, { end, batching: threadBatching(this.#thread.remote) });
      const best = scored[0]!.logProb;
      const total = scored.reduce((sum, { logProb }) => sum + Math.exp(logProb - best), 0);
      return {
        choices: scored.map(({ candidate, logProb }) => ({
          text: choices[candidate]!,
          tokens: candidates[candidate]!,
          logProb,
          probability: Math.exp(logProb - best) / total,
        })),
        timings: { ...read.timings, writeMs: performance.now() - began },
      };
    } finally {
      read.state.release();
    }
  }

  /** Reads a prompt that is to be continued; several answers may be written to it. @throws as `generate` */
  async read(prompt: Prompt): Promise<ReadPrompt> {
    const document = await this.#documentOf(prompt);
    const item = requireWithin(interleave(document, this.tokenizer, { open: true }), this.config.limits);
    const began = performance.now();
    const media = await this.#look(item.media);
    const looked = performance.now();
    const read = await this.#thread.remote.read({ from: null, tokens: item.tokens, lastMedia: item.lastMedia, media });
    const timings = { lookMs: looked - began, readMs: performance.now() - looked };
    return {
      state: new ThreadState(this.#thread.remote, read),
      timings,
      tokens: item.tokens,
      lastMedia: item.lastMedia,
    };
  }

  /** Writes one answer to a prompt. */
  async write({ state }: ReadPrompt, options: GenerateOptions = {}): Promise<Generated> {
    const { vocabularySize } = this.tokenizer;
    // Rows of the embedding beyond the tokenizer's ids were never trained and have no text.
    const unnamed = Array.from(
      { length: Math.max(0, this.config.language.vocabulary - vocabularySize) },
      (_, i) => vocabularySize + i,
    );
    const stop: StopOptions = {
      stop: [this.tokenizer.special("<EOC>"), this.tokenizer.special("<EOS>")],
      maximumTokens: options.maximumTokens ?? 24,
      forbidden: [
        this.tokenizer.special("<PAD>"),
        this.tokenizer.special("<BOS>"),
        ...this.tokenizer.encode("<image>"),
        ...unnamed,
      ],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    const sampled = options.temperature !== undefined || options.topP !== undefined;
    if (sampled && options.beam !== undefined)
      throw new UsageError("Both sampling and beam search were asked for.", "give a beam, or a temperature and top-p");
    if (options.beam !== undefined) {
      const [best] = await beam(state, { ...stop, width: options.beam, batching: threadBatching(this.#thread.remote) });
      return best;
    }
    if (!sampled) return greedy(state, stop);
    const { temperature = 1, topP = 1, seed = 0 } = options;
    return sample(state, { ...stop, temperature, topP, random: new Random(seed) });
  }

  /** Ends the thread; what was read and not answered is lost. `await using` does this by itself. */
  async close(): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Numbers of media in the thread; each picture is encoded once, however often it comes. */
  async #look(media: readonly Medium[]): Promise<number[]> {
    const { vision, normalisation } = this.config;
    const pixels = media.map((medium) => {
      const frames = framesOf(medium);
      if (frames.length !== 1)
        throw new UsageError(
          `The prompt has a video of ${frames.length} frames.`,
          "give still images: this version answers about those",
        );
      return toPixels(frames, { size: vision.size, ...normalisation, fit: "pad" });
    });
    const hashes = await Promise.all(pixels.map(({ data }) => hashOf(data)));
    const fresh = [...new Set(hashes)].filter((hash) => !this.#media.has(hash));
    if (fresh.length > 0) {
      const each = vision.size * vision.size * 3;
      const together = new Float32Array(fresh.length * each);
      fresh.forEach((hash, i) => {
        together.set(pixels[hashes.indexOf(hash)]!.data, i * each);
      });
      const encoded = this.#thread.remote.look(together, [fresh.length, 1, vision.size, vision.size, 3]);
      for (const [i, hash] of fresh.entries()) {
        const id = encoded.then((ids) => ids[i]!);
        id.catch(() => this.#media.delete(hash));
        this.#media.set(hash, id);
      }
    }
    const looked = hashes.map((hash) => this.#media.get(hash)!);
    hashes.forEach((hash, i) => {
      this.#media.delete(hash);
      this.#media.set(hash, looked[i]!);
    });
    const ids = await Promise.all(looked);
    const old = [...this.#media].slice(0, Math.max(0, this.#media.size - KEPT_MEDIA));
    for (const [hash] of old) this.#media.delete(hash);
    if (old.length > 0) await this.#thread.remote.releaseMedia(await Promise.all(old.map(([, id]) => id)));
    return ids;
  }
}

/**
 * The tokenizer of a loaded model.
 * @param place  what errors call the model
 * @throws {ModelFolderError} if it has ids for which the language model has no row
 */
export function tokenizerOf({ config, tokenizer }: LoadedFlamingo, place: string): Tokenizer {
  const opened = openTokenizer(tokenizer as TokenizerJson);
  if (opened.vocabularySize > config.language.vocabulary)
    throw new ModelFolderError(
      `The tokenizer of ${place} has ${opened.vocabularySize} ids, its language model rows for ${config.language.vocabulary}.`,
      "put the tokenizer.json beside the weights that was saved with them",
    );
  return opened;
}

/** SHA-256 of some numbers. */
async function hashOf(numbers: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", numbers as Float32Array<ArrayBuffer>);
  return String.fromCharCode(...new Uint8Array(digest));
}

/** A choice as it would follow the prompt: with a space before it, unless the prompt ends in one. */
function spaced(document: Document, choice: string): string {
  const last = document.at(-1);
  const open = last !== undefined && "text" in last && !/\s$/.test(last.text);
  return open && !/^\s/.test(choice) ? ` ${choice}` : choice;
}
