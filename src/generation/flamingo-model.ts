/** A model that answers: documents in, text out. Its doors, one for each platform, hand it a thread and eyes. */

import { Signals, untilAborted } from "../abort.js";
import { ModelFolderError } from "../checkpoints/errors.js";
import type { DescribedFlamingo, FlamingoFile } from "../checkpoints/flamingo-file.js";
import { ReleasedError, UsageError } from "../errors.js";
import { languageSizes } from "../model/language/language.js";
import type { Document } from "../prompt/document.js";
import { interleave } from "../prompt/interleave.js";
import type { Prompt } from "../prompt/load.js";
import { type Ending, endingOf, type InterleavePolicy, type PromptConfig, policyOf } from "../prompt/policies.js";
import { requireShort, requireWithin } from "../prompt/truncate.js";
import { Random } from "../random.js";
import type { Thread } from "../runtime/thread.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { TokenizerJson } from "../text/tokenizer-json.js";
import { type Pieces, Turns } from "../turns.js";
import { Album } from "./album.js";
import { beam } from "./beam.js";
import type { Engine } from "./engine.js";
import { greedy } from "./greedy.js";
import { sample } from "./sample.js";
import { score } from "./score.js";
import type { Generated, StopOptions } from "./stop.js";
import { type ThreadState, ThreadStates } from "./thread-state.js";

/** How something is asked of a model. */
export interface AskOptions {
  /**
   * When it fires, what was asked fails at once with the signal's reason, and gives back all that it held. What the
   * thread has begun of it is finished there; what waits in line is not begun.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How an answer is written. Greedy unless `temperature` or `beam` is given. */
export interface GenerateOptions extends AskOptions {
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

/**
 * A prompt that was read: its answers cost nothing of the prompt again. The thread keeps it until it is released, which
 * `using` does by itself, or its model is closed.
 */
export interface ReadPrompt extends Disposable {
  readonly state: ThreadState;
  readonly timings: Pick<Timings, "lookMs" | "readMs">;
  readonly tokens: readonly number[];
  readonly lastMedia: readonly number[];
  /** Gives the prompt back. Twice is once. */
  release(): void;
}

/** What a model is made of. */
export interface ModelParts {
  readonly config: FlamingoFile;
  readonly tokenizer: Tokenizer;
  readonly thread: Thread<Engine>;
  /** Brings the pictures of a prompt, as its platform can. */
  readonly documentOf: (prompt: Prompt, options?: AskOptions) => Promise<Document>;
}

/**
 * A loaded model. Close it when done: it holds a thread, and the thread whatever was read and not released. All its
 * methods may be called while others are under way; the thread answers their calls one after another.
 */
export class FlamingoModel implements AsyncDisposable {
  readonly config: FlamingoFile;
  readonly tokenizer: Tokenizer;
  readonly #thread: Thread<Engine>;
  readonly #documentOf: ModelParts["documentOf"];
  readonly #policy: InterleavePolicy;
  readonly #ending: Ending;
  readonly #turns = new Turns();
  readonly #signals = new Signals();
  readonly #album: Album;
  readonly #states: ThreadStates;
  #closed = false;

  /** `openFlamingo` calls it. @internal */
  constructor({ config, tokenizer, thread, documentOf }: ModelParts) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.#thread = thread;
    this.#documentOf = documentOf;
    this.#policy = promptPolicy(config);
    this.#ending = endingOf(this.#policy, tokenizer);
    this.#album = new Album(config, thread, this.#turns);
    this.#states = new ThreadStates(thread);
  }

  /**
   * Continues a prompt.
   * @throws {PromptLimitError} for more media or tokens than the model was made for
   * @throws {MarkInTextError} for a text that writes `<image>` or `<EOC>` itself
   * @throws {ReleasedError} once the model is closed
   * @throws {ThreadEndedError} if its thread has ended
   * @throws as `documentOf` for pictures that cannot be had; the signal's reason as soon as it fires
   */
  async generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Answer> {
    using own = this.#signals.follow(options.signal);
    using read = await this.read(prompt, own);
    const began = performance.now();
    const { tokens, logProb, finished } = await this.write(read, { ...options, signal: own.signal });
    const timings = { ...read.timings, writeMs: performance.now() - began };
    return { text: this.tokenizer.decode(tokens).trim(), tokens, logProb, finished, timings };
  }

  /** Ranks given answers to a prompt by their likelihood, `<EOC>` included. @throws as `generate` */
  async rank(prompt: Prompt, choices: readonly string[], options: AskOptions = {}): Promise<Ranking> {
    this.#requireOpen();
    using own = this.#signals.follow(options.signal);
    const { signal } = own;
    signal?.throwIfAborted();
    const document = await untilAborted(this.#documentOf(prompt, { signal }), signal);
    using read = await this.read(document, { signal });
    const began = performance.now();
    const candidates = await this.#turns.spread(this.#encoded(choices, document), signal);
    const scored = await score(read.state, candidates, {
      end: this.#ending.end,
      batching: this.#states,
      ...(signal === undefined ? {} : { signal }),
    });
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
  }

  /** Reads a prompt that is to be continued; several answers may be written to it. @throws as `generate` */
  async read(prompt: Prompt, options: AskOptions = {}): Promise<ReadPrompt> {
    this.#requireOpen();
    using own = this.#signals.follow(options.signal);
    const { signal } = own;
    signal?.throwIfAborted();
    const document = await untilAborted(this.#documentOf(prompt, { signal }), signal);
    await this.#turns.next();
    const { limits } = this.config;
    const item = requireWithin(
      interleave(requireShort(document, this.tokenizer, limits), this.tokenizer, { policy: this.#policy, open: true }),
      limits,
    );
    const { tokens, lastMedia } = item;
    const began = performance.now();
    using shown = await this.#album.look(item.media, signal);
    const looked = performance.now();
    const state = await this.#states.read({ from: null, tokens, lastMedia, media: shown.ids }, signal);
    const release = () => state.release();
    return {
      state,
      timings: { lookMs: looked - began, readMs: performance.now() - looked },
      tokens,
      lastMedia,
      release,
      [Symbol.dispose]: release,
    };
  }

  /** Writes one answer to a prompt. @throws {ReleasedError} if the prompt was released; else as `generate` */
  async write({ state }: ReadPrompt, options: GenerateOptions = {}): Promise<Generated> {
    this.#requireOpen();
    using own = this.#signals.follow(options.signal);
    const { vocabularySize } = this.tokenizer;
    // Rows of the embedding beyond the tokenizer's ids were never trained and have no text.
    const unnamed = Array.from(
      { length: Math.max(0, languageSizes(this.config.language).vocabulary - vocabularySize) },
      (_, i) => vocabularySize + i,
    );
    const stop: StopOptions = {
      stop: this.#ending.stop,
      maximumTokens: options.maximumTokens ?? 24,
      forbidden: [...this.#ending.forbidden, ...unnamed],
      ...(own.signal === undefined ? {} : { signal: own.signal }),
    };
    const sampled = options.temperature !== undefined || options.topP !== undefined;
    if (sampled && options.beam !== undefined)
      throw new UsageError("Both sampling and beam search were asked for.", "give a beam, or a temperature and top-p");
    if (options.beam !== undefined) {
      const [best] = await beam(state, { ...stop, width: options.beam, batching: this.#states });
      return best;
    }
    if (!sampled) return await greedy(state, stop);
    const { temperature = 1, topP = 1, seed = 0 } = options;
    return await sample(state, { ...stop, temperature, topP, random: new Random(seed) });
  }

  /** What the thread holds: texts read and not released, and pictures kept in case they come again. */
  held(): Promise<{ readonly states: number; readonly media: number }> {
    this.#states.tell();
    return this.#thread.remote.held();
  }

  /** Ends the thread after the calls it was given; what was read is lost. Twice is once. `await using` does it by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new ReleasedError(`The model ${this.config.name} was closed.`, "open it again, or close it later");
  }

  /** Choices as they would follow a document, one a turn. */
  *#encoded(choices: readonly string[], document: Document): Pieces<number[][]> {
    const encoded: number[][] = [];
    for (const text of choices) {
      encoded.push(this.tokenizer.encode(following(document, text, this.#policy), "after-text"));
      yield;
    }
    return encoded;
  }
}

/** What the prompts of a model look like. @throws {UsageError} for a policy that there is not */
export function promptPolicy({ prompt }: Pick<FlamingoFile, "prompt">): InterleavePolicy {
  return policyOf((prompt as PromptConfig | undefined) ?? { policy: "paper" });
}

/**
 * The tokenizer of a loaded model.
 * @param place  what errors call the model
 * @throws {ModelFolderError} if it has ids for which the language model has no row
 */
export function tokenizerOf({ config, tokenizer }: DescribedFlamingo, place: string): Tokenizer {
  const opened = openTokenizer(tokenizer as TokenizerJson);
  const rows = languageSizes(config.language).vocabulary;
  if (opened.vocabularySize > rows)
    throw new ModelFolderError(
      `The tokenizer of ${place} has ${opened.vocabularySize} ids, its language model rows for ${rows}.`,
      "put the tokenizer.json beside the weights that was saved with them",
    );
  return opened;
}

/** A choice as it would follow the prompt: with a space before it where the policy has one, unless the prompt ends in one. */
function following(document: Document, choice: string, { beforeAnswer }: InterleavePolicy): string {
  const last = document.at(-1);
  const open = last !== undefined && "text" in last && !/\s$/.test(last.text);
  return open && !/^\s/.test(choice) ? `${beforeAnswer}${choice}` : choice;
}
