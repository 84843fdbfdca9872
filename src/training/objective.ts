/** What a run minimises. */
import { crossEntropy, type Graph, gradients, graph, mul, reshape, sum, type Value } from "../graph/index.js";

/** Name of the output that holds a parameter's gradient. */
export const gradientName = (path: string): string => `gradient of ${path}`;

/**
 * A loss and its gradients as a graph: outputs `loss`, the other scalars, and for each trained parameter that the loss reaches
 * its gradient, with the same axes, under its `gradientName`.
 * @throws {GraphError} as `gradients`
 */
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
 * Negative log-likelihood of each next token, in nats.
 * @param logits  [batch, text, vocabulary]
 * @param targets  [batch, text] int32: the token after each
 * @returns  [batch, text]
 */
export function nextTokenLosses(logits: Value, targets: Value): Value {
  const [batch, text, vocabulary] = logits.axes;
  const rows = batch!.size! * text!.size!;
  const { loss } = crossEntropy(reshape(logits, [rows, vocabulary!]), reshape(targets, [rows]));
  return reshape(loss, targets.axes);
}

/**
 * The sum of losses under weights of the same axes, 0 where nothing is to be predicted; weights that sum to 1 give a
 * mean.
 */
export function weighted(losses: Value, weights: Value): Value {
  return sum(mul(losses, weights), [0, 1]);
}

/** Weights as shares of their sum; all zero stay zero. */
export function toSumOne(weights: Float32Array): Float32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return total === 0 ? weights : weights.map((weight) => weight / total);
}
