/** Attention in which several query heads read one head of keys and values. */
import { type Axis, add, axis, matmul, named, reshape, softmax, type Value } from "../graph/index.js";
import { attend, joinHeads, splitHeads } from "./layers.js";

/**
 * Scaled dot-product attention over heads that lie side by side in the channels; keys and values are never repeated for
 * the query heads that share them.
 * @param query  [batch, text, heads x headDim]; neighbouring heads share a key head
 * @param key  [batch, keys, keyHeads x headDim]
 * @param value  as `key`
 * @param bias  broadcasts to [batch, heads, text, keys]
 * @returns  [batch, text, heads x headDim]
 * @source arXiv:2305.13245
 */
export function attendGrouped(
  query: Value,
  key: Value,
  value: Value,
  { heads, keyHeads }: { readonly heads: number; readonly keyHeads: number },
  bias: Value,
): Value {
  const asked = splitHeads(query, heads);
  const keys = splitHeads(key, keyHeads, "keys");
  const values = splitHeads(value, keyHeads, "keys");
  if (heads === keyHeads) return joinHeads(attend(asked, keys, values, bias));
  const [batch, all, text, headDim] = asked.axes;
  const shared = axis("heads", keyHeads);
  const rows: Axis = {
    name: "text of heads",
    size: text!.size === undefined ? undefined : text!.size * (heads / keyHeads),
  };
  const scale = 1 / Math.sqrt(headDim!.size!);
  const together = reshape(asked, [batch!, shared, rows, headDim!]);
  const scores = matmul(together, keys, { transposeRight: true, scale });
  const seen = scores.axes[3]!;
  const apart = reshape(scores, [batch!, all!, text!, seen], asked);
  const weights = named(softmax(add(apart, bias)), "attention");
  const read = matmul(reshape(weights, [batch!, shared, rows, seen]), values);
  return joinHeads(reshape(read, [batch!, all!, text!, headDim!], asked));
}
