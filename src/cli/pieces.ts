/** A prompt as the command line has it: arguments in reading order, or a JSON file. */
import { readFile, stat } from "node:fs/promises";
import { FlamingoError, UsageError } from "../errors.js";
import type { Document } from "../prompt/document.js";
import type { ImageSource, Prompt, PromptPiece } from "../prompt/load.js";
import { documentOf } from "../prompt/load.node.js";
import { type PictureSource, parsePrompt } from "../prompt/prompt-json.js";
import type { Io } from "./io.js";

/** An argument that looks like a picture's path, and nothing is there. */
export class MissingPictureError extends FlamingoError {
  readonly code = "CLI_MISSING_PICTURE";
  constructor(path: string) {
    super(
      `There is no file ${path}.`,
      `check the spelling; paths are taken from ${process.cwd()}. If it is meant as text, give the prompt as JSON with --prompt`,
    );
  }
}

/** A prompt's file that cannot be read. */
export class PromptFileError extends FlamingoError {
  readonly code = "CLI_PROMPT_FILE";
}

/**
 * The document that a command was given, its pictures decoded.
 * @param pieces  its arguments: files and addresses are pictures, anything else is text
 * @param file  the path after `--prompt`; `-` is the standard input
 * @throws {UsageError} if there is neither, or both
 * @throws {MissingPictureError | PromptFileError | PromptJsonError} and as `documentOf`
 */
export async function documentOfCommand(
  pieces: readonly string[],
  file: string | undefined,
  io: Io,
): Promise<Document> {
  if (pieces.length > 0 && file !== undefined)
    throw new UsageError("The prompt was given twice: as arguments and with --prompt.", "give one of them");
  if (pieces.length === 0 && file === undefined)
    throw new UsageError("There is no prompt.", 'give images and texts in order, such as cat.png "Output:"');
  if (file === undefined) return documentOf(await Promise.all(pieces.map(pieceOf)));
  return documentOf(promptOfJson(file === "-" ? await io.input() : await readPromptFile(file)));
}

const ADDRESS = /^(https?:\/\/\S+|data:[\w.+-]+\/[\w.+-]+[;,].*)$/is;
const PATH = /^\S*([/\\]\S*|\.(png|jpe?g|webp|gif|bmp|tiff?|avif|heic|svg|mp4|webm|mov))$/i;

/** An address or an existing file is a picture; so is what can only be meant as a path; anything else is text. */
async function pieceOf(argument: string): Promise<PromptPiece> {
  if (ADDRESS.test(argument)) return { image: argument };
  const found = await stat(argument).catch(() => undefined);
  if (found?.isFile() || (found !== undefined && PATH.test(argument))) return { image: argument };
  if (PATH.test(argument)) throw new MissingPictureError(argument);
  return { text: argument };
}

function promptOfJson(json: string): Prompt {
  return parsePrompt(json).map((segment): PromptPiece => {
    if ("image" in segment) return { image: imageOf(segment.image) };
    if ("video" in segment) return { video: segment.video.map(imageOf) };
    return segment;
  });
}

function imageOf(source: PictureSource): ImageSource {
  return source.kind === "path" ? source.path : source.kind === "url" ? source.url : source.bytes;
}

async function readPromptFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: Error) => {
    throw new PromptFileError(
      `The prompt ${path} cannot be read: ${cause.message}.`,
      "give the path of a JSON file, or - for the standard input",
      { cause },
    );
  });
}
