/** What a run minimises. */
import { crossEntropy, type Graph, gradients, graph, mul, reshape, sum, type Value } from "../graph/index.js";

/** Name of the output that holds a parameter's gradient. */
export const gradientName = (path: string): string => `gradient of ${path}`;

/** A loss and its gradients as a graph: outputs `loss`, the other scalars, and a gradient for each trained parameter it reaches. */
export function trainingGraph(loss: Value, scalars: Record<string, Value> = {}): Graph {
  const trained = [...graph({ loss }).inputs].filter(([, value]) => value.source.kind === "parameter");
  const found = gradients(
    loss,
    trained.map(([, value]) => value),
  );
  const outputs = trained.map(([path], i) => [gradientName(path), found[i]!] as const);
  return graph({ loss, ...scalars, ...Object.fromEntries(outputs) });
}

/**
 * Weighted negative log-likelihood of the next tokens, in nats.
 * @param logits  [batch, text, vocabulary]
 * @param targets  [batch, text] int32: the token after each
 * @param weights  [batch, text] float32: 0 where nothing is to be predicted; they should sum to 1
 */
export function nextTokenLoss(logits: Value, targets: Value, weights: Value): Value {
  const [batch, text, vocabulary] = logits.axes;
  const rows = batch!.size! * text!.size!;
  const { loss } = crossEntropy(reshape(logits, [rows, vocabulary!]), reshape(targets, [rows]));
  return sum(mul(loss, reshape(weights, [rows])), [0]);
}
