/** The floor under few-shot naming: what can be had by comparing pixels, without having learnt anything. */
import { UsageError } from "../errors.js";
import type { Picture } from "../media/pixels.js";
import { type Document, framesOf, isMedium } from "../prompt/document.js";
import type { Answerer } from "./task.js";

/**
 * Answers as the example whose picture is nearest to the query's, by Euclidean distance of grey pixels; the first of
 * equals. It reads what a model reads: a `fewShot` document.
 *
 * @throws {UsageError} for a prompt without examples, or with pictures of different sizes
 */
export const pixelNeighbour: Answerer = {
  config: { name: "pixel-nearest-neighbour" },
  async generate(document) {
    const { supports, query, open } = examplesOf(document);
    const grey = greyOf(query);
    const distances = supports.map(({ picture }) => squaredDistance(greyOf(picture), grey));
    const nearest = supports[distances.indexOf(Math.min(...distances))];
    if (nearest === undefined)
      throw new UsageError(
        "The nearest of no examples was asked for.",
        "measure tasks with examples, such as bind5-hand-1",
      );
    return { text: nearest.text.slice(open.length).trim(), logProb: 0 };
  },
};

interface Examples {
  readonly supports: readonly { readonly picture: Picture; readonly text: string }[];
  readonly query: Picture;
  /** The text beside the query: an example's begins with it too. */
  readonly open: string;
}

function examplesOf(document: Document): Examples {
  const pictures = document.filter(isMedium).map((medium) => framesOf(medium)[0]!);
  const texts = document.flatMap((segment) => ("text" in segment ? [segment.text] : []));
  const supports = pictures.slice(0, -1).map((picture, n) => ({ picture, text: texts[n]! }));
  return { supports, query: pictures.at(-1)!, open: texts.at(-1)! };
}

/** [height * width], 0 to 255: the luma of Rec. 601. */
function greyOf({ width, height, data }: Picture): Float32Array {
  return Float32Array.from(
    { length: width * height },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length)
    throw new UsageError(`Pictures of ${a.length} and ${b.length} pixels cannot be compared.`, "give them one size");
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}
