/** What the page of the door's tests has in its `window`. Bytes pass to it and from it as base64. */
import type { ChunkEnd } from "../../src/prompt/document.js";

/** A prompt with its pictures as files. */
export type WrittenPrompt = readonly ({ readonly text: string } | { readonly image: string } | ChunkEnd)[];

export interface DoorPage {
  /** Opens the model of a folder. @returns the error's code and message, if it failed */
  open(folder: string, options: { device?: "cpu" | "webgpu"; threads?: number }): Promise<Failed | undefined>;
  ask(prompt: WrittenPrompt): Promise<{ tokens: readonly number[]; logProb: number; milliseconds: number } | Failed>;
  rank(prompt: WrittenPrompt, choices: readonly string[]): Promise<readonly string[]>;
  decode(file: string): Promise<{ width: number; height: number; data: string } | Failed>;
  close(): Promise<void>;
}

export interface Failed {
  readonly code: string;
  readonly message: string;
}
