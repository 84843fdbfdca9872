/** The two forms in which a gated block is told which medium each token looks at, made from the paper's phi. */
import { axis, input } from "../../src/graph/index.js";
import type { Look } from "../../src/model/flamingo.js";
import type { Numbers } from "./evaluate.js";

/** `lastMedia` [batch, text] for rows of equal length, and which medium each visual token belongs to. */
export function maskLook(lastMedia: readonly (readonly number[])[], media: number, latents: number) {
  const [batch, text] = [lastMedia.length, lastMedia[0]!.length];
  const look = {
    form: "mask",
    lastMedia: input("last media", "int32", [axis("batch", batch), axis("text", text)]),
    mediaOfSeen: input("media of seen", "int32", [axis("seen", media * latents)]),
  } satisfies Look;
  const seen = Array.from({ length: media * latents }, (_, i) => 1 + Math.floor(i / latents));
  return { look, feeds: feeds({ "last media": lastMedia, "media of seen": seen }) };
}

/** The same as places in groups of equal length, one group a medium, as long as the longest group must be. */
export function blocksLook(lastMedia: readonly (readonly number[])[], media: number) {
  const numbers = Array.from({ length: media }, (_, i) => i + 1);
  const groups = lastMedia.map((row) => numbers.map((n) => [...row.keys()].filter((token) => row[token] === n)));
  const length = Math.max(1, ...groups.flat().map((group) => group.length));
  const grouped = groups.map((row) => row.flatMap((group) => [...group, ...Array(length - group.length).fill(-1)]));
  const places = lastMedia.map((row, b) => row.map((_, token) => grouped[b]!.indexOf(token)));
  const [batch, text] = [axis("batch", lastMedia.length), axis("text", lastMedia[0]!.length)];
  const look = {
    form: "blocks",
    media,
    grouped: input("grouped", "int32", [batch, axis("places", media * length)]),
    places: input("places", "int32", [batch, text]),
  } satisfies Look;
  return { look, feeds: feeds({ grouped, places }) };
}

function feeds(arrays: Record<string, readonly number[] | readonly (readonly number[])[]>): Map<string, Numbers> {
  return new Map(
    Object.entries(arrays).map(([name, array]) => {
      const [first] = array;
      const shape = typeof first === "number" ? [array.length] : [array.length, first!.length];
      return [name, { shape, data: Float64Array.from(array.flat()) }];
    }),
  );
}
