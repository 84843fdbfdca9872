/**
 * What a Flamingo computes for a picture and for a token, counted in the graphs that do it. Counted are matrix products and
 * convolutions, a multiplication and its addition as 2; norms, activations and softmax, some hundredths of these, are not.
 */
import { axes, axis, type Graph, graph, input, type Node, type Value } from "../graph/index.js";
import { bind } from "../nn/layers.js";
import { Undrawn } from "../random.js";
import { flamingo, visualKeysAndValues, visualTokens } from "./flamingo.js";
import {
  type Flamingo,
  type FlamingoConfig,
  gatedInner,
  initFlamingo,
  visualTokenCount,
} from "./flamingo-parameters.js";
import { wholeSequences } from "./language/positions.js";

/** Operations for one token; those for `n` tokens and `m` images to look at are `fixed + n perToken + m perImage`. */
export interface TokenFlops {
  /** Whatever there is to look at. */
  readonly fixed: number;
  /** For each token of the text, itself included: its attention, also to tokens after it, which it computes and hides. */
  readonly perToken: number;
  /**
   * For each image that is looked at in the same call: the attention of the gated blocks. A token that is written alone
   * looks at one (with `attend: "all"` at all before it); tokens read together compute those of one another, and hide them.
   */
  readonly perImage: number;
}

/** Operations by what is done. */
export interface Flops {
  /** A still image, once: the vision tower, the resampler, and the keys and values of every gated block. */
  readonly image: number;
  /** A token that is read; no logits are made of it. */
  readonly promptToken: TokenFlops;
  /** A token that is written: as one that is read, and the logits. */
  readonly generatedToken: TokenFlops;
}

/**
 * Multiplications in the matrix products and convolutions of a graph whose axes all have sizes. What no input reaches is
 * computed once, when the graph is compiled, and does not count.
 */
export function multiplications({ nodes }: Graph): number {
  const reached = new Set<Value>();
  let sum = 0;
  for (const node of nodes) {
    if (!node.inputs.some((value) => value.source.kind === "input" || reached.has(value))) continue;
    for (const value of node.outputs) reached.add(value);
    sum += multiplicationsOf(node);
  }
  return sum;
}

function multiplicationsOf({ op, inputs, outputs, attributes }: Node): number {
  const results = () => sizes(outputs[0]!).reduce((product, size) => product * size, 1);
  switch (op.name) {
    case "MatMul": {
      const { transposeLeft } = attributes as { readonly transposeLeft: boolean };
      return results() * sizes(inputs[0]!).at(transposeLeft ? -2 : -1)!;
    }
    case "Convolve": {
      const [taps, from] = sizes(inputs[1]!) as [number, number];
      return results() * taps * from;
    }
    default:
      return 0;
  }
}

const sizes = ({ axes }: Value): number[] => axes.map(({ size }) => size!);

/** What a Flamingo of these sizes computes; its weights are not made. */
export function flopsOf(config: FlamingoConfig): Flops {
  const params = bind(initFlamingo(new Undrawn(), config), "");
  const read = (tokens: number, images: number) => readingOf(params, config, tokens, images).read;
  const [one, two, another] = [read(1, 1), read(2, 1), read(1, 2)];
  const perImage = another - one;
  const perToken = (two - 2 * one) / 2;
  const promptToken = { fixed: one - perToken - perImage, perToken, perImage };
  const head = readingOf(params, config, 1, 1).said - one;
  return {
    image: imageOf(params, config),
    promptToken,
    generatedToken: { ...promptToken, fixed: promptToken.fixed + head },
  };
}

function imageOf(params: Flamingo<Value>, config: FlamingoConfig): number {
  const { size } = config.vision;
  const visual = visualTokens(params, config, input("pixels", "float32", axes(1, 1, size, size, 3)));
  const read = params.gated.flatMap((block, i) => {
    const { key, value } = visualKeysAndValues(block, config.gated, visual);
    return [
      [`key ${i}`, key],
      [`value ${i}`, value],
    ] as const;
  });
  return 2 * multiplications(graph(read.length === 0 ? { visual } : Object.fromEntries(read)));
}

/** Operations for a whole sequence: to read it, and to read it and make logits of every token. */
function readingOf(
  params: Flamingo<Value>,
  config: FlamingoConfig,
  tokens: number,
  images: number,
): { readonly read: number; readonly said: number } {
  const [one, text] = [axis("batch", 1), axis("text", tokens)];
  const seen = axis("seen", images * visualTokenCount(config));
  const cached = (name: string) => input(name, "float32", [one, seen, axis("", gatedInner(config))]);
  const { stream, logits } = flamingo(
    params,
    config,
    input("tokens", "int32", [one, text]),
    params.gated.map((_, i) => ({ key: cached(`key ${i}`), value: cached(`value ${i}`) })),
    {
      form: "mask",
      lastMedia: input("lastMedia", "int32", [one, text]),
      mediaOfSeen: input("mediaOfSeen", "int32", [seen]),
    },
    wholeSequences(tokens),
  );
  return { read: 2 * multiplications(graph({ stream })), said: 2 * multiplications(graph({ logits })) };
}
