/** Weights out of the ONNX file and into one beside it. */
import type { Initialiser, OnnxModel } from "./model.js";

/** Smaller numbers stay in the `.onnx`, in bytes: runtimes look at shapes before they open other files. */
const INLINE_BELOW = 1024;

/** Numbers in another file begin at a multiple of this many bytes, so that runtimes can map them into memory. */
const ALIGNMENT = 4096;

/** A model whose large initialisers are elsewhere. */
export interface Separated {
  readonly model: OnnxModel;
  /** The bytes of the other file, piece by piece; the large pieces are views of the numbers. None: nothing was large. */
  readonly pieces: readonly Uint8Array[];
}

/**
 * The same model with its large numbers, of 1,024 bytes and more, in a file called `location`. Nothing is copied, so the
 * weights may have more than 2 GB. What is in other files already stays there.
 */
export function separateWeights(model: OnnxModel, location: string): Separated {
  const pieces: Uint8Array[] = [];
  let end = 0;
  const initialisers = new Map<string, Initialiser>();
  for (const [name, initialiser] of model.initialisers) {
    const { data } = initialiser;
    if (!(data instanceof Uint8Array) || data.length < INLINE_BELOW) {
      initialisers.set(name, initialiser);
      continue;
    }
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    if (offset > end) pieces.push(new Uint8Array(offset - end));
    pieces.push(data);
    end = offset + data.length;
    initialisers.set(name, { ...initialiser, data: { location, offset, length: data.length } });
  }
  return { model: { ...model, initialisers }, pieces };
}
