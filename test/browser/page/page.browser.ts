/** A page that opens the library's door, for tests that stand outside. */
import { decodePicture, type FlamingoModel, image, openFlamingo, type Prompt } from "flamingo-ts/browser";
import type { DoorPage, Failed, WrittenPrompt } from "../page-contract.js";

let flamingo: FlamingoModel;

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const promptOf = (written: WrittenPrompt): Prompt =>
  written.map((piece) => ("image" in piece ? image(bytesOf(piece.image)) : piece));
const failed = (error: unknown): Failed => ({
  code: (error as { code?: string }).code ?? "",
  message: (error as Error).message,
});

Object.assign(window, {
  async open(folder, options) {
    try {
      flamingo = await openFlamingo(folder, options);
      return undefined;
    } catch (error) {
      return failed(error);
    }
  },
  async ask(prompt) {
    const began = performance.now();
    try {
      const { tokens, logProb } = await flamingo.generate(promptOf(prompt));
      return { tokens, logProb, milliseconds: performance.now() - began };
    } catch (error) {
      return failed(error);
    }
  },
  async rank(prompt, choices) {
    return (await flamingo.rank(promptOf(prompt), choices)).choices.map(({ text }) => text);
  },
  async decode(file) {
    try {
      const { width, height, data } = await decodePicture(bytesOf(file));
      return { width, height, data: btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join("")) };
    } catch (error) {
      return failed(error);
    }
  },
  close: () => flamingo.close(),
} satisfies DoorPage);
