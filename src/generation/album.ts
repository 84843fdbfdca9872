/** The pictures that a model has looked at: each is encoded once, however often it comes, and kept a while. */
import { untilAborted } from "../abort.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { UsageError } from "../errors.js";
import { type PixelsOptions, pixelsInPieces } from "../media/normalise.js";
import { framesOf, type Medium } from "../prompt/document.js";
import type { Thread } from "../runtime/thread.js";
import type { Turns } from "../turns.js";
import type { Engine } from "./engine.js";

/** Pictures whose keys and values stay in memory after their prompt. */
const KEPT = 512;

/** Pictures encoded by one call. */
interface Look {
  readonly controller: AbortController;
  readonly pictures: Seen[];
  done: boolean;
}

/** A picture that the thread has encoded or is encoding. */
interface Seen {
  readonly hash: string;
  readonly id: Promise<number>;
  readonly look: Look;
  /** Prompts that need it now. */
  users: number;
}

/** Numbers of media in the thread, which stay good until this is disposed of. */
export interface Shown extends Disposable {
  readonly ids: readonly number[];
}

export class Album {
  readonly #config: Pick<FlamingoFile, "vision" | "normalisation">;
  readonly #thread: Thread<Engine>;
  readonly #turns: Turns;
  /** By the hash of their pixels, the least recently used first. */
  readonly #seen = new Map<string, Seen>();

  /** @param turns  shared by all that a model does in the calling thread */
  constructor(config: FlamingoFile, thread: Thread<Engine>, turns: Turns) {
    this.#config = config;
    this.#thread = thread;
    this.#turns = turns;
  }

  /**
   * Looks at the media of a prompt, those not seen before together.
   * @throws the signal's reason as soon as it fires. What nobody else waits for is then not encoded, unless it was begun.
   */
  async look(media: readonly Medium[], signal?: AbortSignal): Promise<Shown> {
    const pixels = new Map<string, Float32Array>();
    const hashes: string[] = [];
    for (const medium of media) {
      const own = await this.#pixelsOf(medium, signal);
      const hash = await hashOf(own);
      hashes.push(hash);
      pixels.set(hash, own);
    }
    signal?.throwIfAborted();
    const fresh = [...pixels].filter(([hash]) => !this.#seen.has(hash));
    if (fresh.length > 0) this.#encode(fresh);
    const seen = hashes.map((hash) => this.#used(hash));
    const shown = { [Symbol.dispose]: () => this.#leave(seen) };
    try {
      return { ids: await untilAborted(Promise.all(seen.map(({ id }) => id)), signal), ...shown };
    } catch (error) {
      this.#leave(seen);
      throw error;
    }
  }

  async #pixelsOf(medium: Medium, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { vision, normalisation } = this.#config;
    const frames = framesOf(medium);
    if (frames.length !== 1)
      throw new UsageError(
        `The prompt has a video of ${frames.length} frames.`,
        "give still images: this version answers about those",
      );
    const options: PixelsOptions = { size: vision.size, fit: "pad", ...normalisation };
    return (await this.#turns.spread(pixelsInPieces(frames, options), signal)).data;
  }

  #encode(fresh: readonly (readonly [string, Float32Array])[]): void {
    const { size } = this.#config.vision;
    const pixels = fresh.map(([, own]) => own);
    const look: Look = { controller: new AbortController(), pictures: [], done: false };
    const encoded = this.#thread.call("look", [pixels, [1, size, size, 3]], {
      signal: look.controller.signal,
      tooLate: (ids) => this.#giveBack(ids),
      handedOver: pixels.map(({ buffer }) => buffer as ArrayBuffer),
    });
    for (const [i, [hash]] of fresh.entries()) {
      const one: Seen = { hash, id: encoded.then((ids) => ids[i]!), look, users: 0 };
      one.id.catch(() => this.#forget(one));
      look.pictures.push(one);
      this.#seen.set(hash, one);
    }
    encoded.then(
      () => {
        look.done = true;
      },
      () => undefined,
    );
  }

  /** A picture, as the most recently used one. */
  #used(hash: string): Seen {
    const one = this.#seen.get(hash)!;
    this.#seen.delete(hash);
    this.#seen.set(hash, one);
    one.users++;
    return one;
  }

  #leave(seen: readonly Seen[]): void {
    for (const one of seen) one.users--;
    for (const { look } of seen)
      if (!look.done && look.pictures.every(({ users }) => users === 0)) {
        for (const one of look.pictures) this.#forget(one);
        look.controller.abort();
      }
    let surplus = this.#seen.size - KEPT;
    for (const one of this.#seen.values()) {
      if (surplus <= 0) break;
      if (one.users > 0) continue;
      surplus--;
      this.#forget(one);
      one.id.then((id) => this.#giveBack([id])).catch(() => undefined);
    }
  }

  #forget(one: Seen): void {
    if (this.#seen.get(one.hash) === one) this.#seen.delete(one.hash);
  }

  #giveBack(ids: readonly number[]): void {
    // A thread that has ended holds nothing.
    this.#thread.call("releaseMedia", [ids]).catch(() => undefined);
  }
}

/** SHA-256 of some numbers. */
async function hashOf(numbers: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", numbers as Float32Array<ArrayBuffer>);
  return String.fromCharCode(...new Uint8Array(digest));
}
