/** Self-attention: of tokens that all see each other, and over tokens before and tokens now where query heads may share keys. */
import { type Axis, add, axis, concat, matmul, named, reshape, softmax, takeOut, type Value } from "../graph/index.js";
import { attend, joinHeads, type Linear, linear, splitHeads } from "./layers.js";

/** The four linear maps of an attention. */
export interface AttentionMaps<Leaf> {
  readonly query: Linear<Leaf>;
  readonly key: Linear<Leaf>;
  readonly value: Linear<Leaf>;
  readonly output: Linear<Leaf>;
}

/**
 * Attention of tokens to each other, every one seeing all.
 * @param x  [batch, tokens, width]
 * @param bias  broadcasts to [batch, heads, tokens, tokens]
 * @returns  what is added to the residual stream, [batch, tokens, width]
 */
export function attendEachOther(maps: AttentionMaps<Value>, heads: number, x: Value, bias?: Value): Value {
  const query = splitHeads(linear(maps.query, x), heads);
  const key = splitHeads(linear(maps.key, x), heads, "seen");
  const value = splitHeads(linear(maps.value, x), heads, "seen");
  return linear(maps.output, joinHeads(attend(query, key, value, bias)));
}

/** Keys and values of some tokens, their heads side by side: both [batch, tokens, keyHeads x headDim]. */
export interface KeysAndValues {
  readonly key: Value;
  readonly value: Value;
}

/**
 * Scaled dot-product attention over heads that lie side by side in the channels. Keys and values are not repeated for the
 * query heads that share them, and those of tokens before are not put together with those of now: of a long text one
 * copy is made where there would be two.
 * @param query  [batch, text, heads x headDim]; neighbouring heads share a key head
 * @param seen  one after the other, what may be looked at: tokens before, tokens now; `keys` is all of their tokens
 * @param bias  broadcasts to [batch, heads, text, keys]
 * @returns  [batch, text, heads x headDim]
 * @source arXiv:2305.13245
 */
export function attendGrouped(
  query: Value,
  seen: readonly KeysAndValues[],
  { heads, keyHeads }: { readonly heads: number; readonly keyHeads: number },
  bias: Value,
): Value {
  const asked = splitHeads(query, heads);
  const [batch, all, text, headDim] = asked.axes;
  const sharing = heads / keyHeads;
  const shared = axis("heads", keyHeads);
  const rows: Axis =
    sharing === 1
      ? text!
      : { name: "text of heads", size: text!.size === undefined ? undefined : text!.size * sharing };
  const together = reshape(asked, [batch!, shared, rows, headDim!]);
  const part = (i: number) => (seen.length === 1 ? "keys" : `keys of part ${i}`);
  const scores = seen.map(({ key }, i) =>
    matmul(together, splitHeads(key, keyHeads, part(i)), {
      transposeRight: true,
      scale: 1 / Math.sqrt(headDim!.size!),
    }),
  );
  const joined = concat(scores, 3, "keys");
  const keys = joined.axes[3]!;
  const apart = reshape(joined, [batch!, all!, text!, keys], asked);
  const weights = reshape(named(softmax(add(apart, bias)), "attention"), [batch!, shared, rows, keys]);
  const read = seen
    .map(({ value }, i) => {
      const own = seen.length === 1 ? weights : takeOut(weights, scores[i]!, scores.slice(0, i), { at: 3, start: 0 });
      return matmul(own, splitHeads(value, keyHeads, part(i)));
    })
    .reduce(add);
  return joinHeads(reshape(read, [batch!, all!, text!, headDim!], asked));
}
