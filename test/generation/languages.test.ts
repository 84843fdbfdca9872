import { describe, expect, it } from "vitest";
import { describedFlamingo, type FlamingoFile } from "../../src/checkpoints/flamingo-file.js";
import { openEngine } from "../../src/generation/engine.js";
import { engineInit } from "../../src/generation/graphs.js";
import { axes, axis, graph, input } from "../../src/graph/index.js";
import { visualTokens } from "../../src/model/flamingo.js";
import { initFlamingo } from "../../src/model/flamingo-parameters.js";
import { languageSizes } from "../../src/model/language/language.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { wholeTexts } from "../../src/model/whole-texts.js";
import { bind } from "../../src/nn/layers.js";
import { flatten, frozen } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";
import { normalNumbers, stirred } from "../support/parameters.js";
import { TINY_FILE } from "../support/tiny-model.js";

const ROTARY: TransformerConfig = {
  kind: "transformer",
  vocabulary: 40,
  added: 2,
  width: 24,
  layers: 4,
  heads: 6,
  keyHeads: 2,
  headDim: 4,
  hidden: 32,
  norm: { kind: "rms", epsilon: 1e-6, offset: false },
  order: "before",
  lastNorm: true,
  positions: { kind: "rotary", base: 10000, turning: 4 },
  queryKeyNorm: "none",
  offsets: { queryKeyValue: false, output: false, feedForward: false },
  activation: "swiglu",
  head: "own",
};
const DECODERS: Record<string, TransformerConfig> = {
  "turning keys that heads share, and added tokens": ROTARY,
  "positions by distance": { ...ROTARY, positions: { kind: "relative", base: 10000 } },
  "linear positions": { ...ROTARY, positions: { kind: "linear", steepest: 8 } },
  "a table of positions and norms that stand after": {
    ...ROTARY,
    positions: { kind: "learned", rows: 66, first: 2 },
    order: "after",
    lastNorm: false,
    norm: { kind: "layer", epsilon: 1e-5, offset: true },
    embeddingWidth: 12,
  },
  "both halves at once": { ...ROTARY, order: "parallel" },
};

const TOKENS = [3, 39, 40, 7, 41, 5, 40];
const LAST_MEDIA = [0, 1, 1, 1, 2, 2, 2];
/** Sums in float32, in another order. */
const CLOSE = 1e-4;

describe.each(Object.entries(DECODERS))("a Flamingo on a decoder with %s", (name, language) => {
  const file: FlamingoFile = { ...TINY_FILE, name, language };
  const { config } = describedFlamingo({ config: JSON.parse(JSON.stringify(file)), tokenizer: {} }, "a test");
  const params = frozen(stirred(initFlamingo(new Random(name), config)));

  it("says after every token, from its caches, what the model says that caches nothing", async () => {
    expect(config).toEqual(file);
    const { vocabulary, cacheWidth } = languageSizes(config.language);
    expect([vocabulary, cacheWidth]).toEqual([42, 8]);
    const bound = bind(params, "");
    const pixels = input("pixels", "float32", axes(2, 1, 16, 16, 3));
    const text = [axis("batch", 1), axis("text", TOKENS.length)];
    const { logits } = wholeTexts(bound, config, {
      tokens: input("tokens", "int32", text),
      lastMedia: input("lastMedia", "int32", text),
      visual: visualTokens(bound, config, pixels),
    });
    await using whole = await nodeRuntime.compile(portable(graph({ logits }), flatten(params)), { threads: 1 });
    const data = Float32Array.from(normalNumbers("pixels", [2, 1, 16, 16, 3]).data);
    const wanted = (
      await whole.run({
        tokens: Int32Array.from(TOKENS),
        lastMedia: Int32Array.from(LAST_MEDIA),
        pixels: { shape: [2, 1, 16, 16, 3], data },
      })
    ).logits!.data as Float32Array;

    const engine = await openEngine(nodeRuntime, engineInit(params, config, { threads: 1 }));
    const media = await engine.look(
      [data.subarray(0, data.length / 2), data.subarray(data.length / 2)],
      [1, 16, 16, 3],
    );
    let from: number | null = null;
    for (const [i, token] of TOKENS.entries()) {
      const entering = i === 1 ? [media[0]!] : i === 4 ? [media[1]!] : [];
      const read = await engine.read({ from, tokens: [token], lastMedia: [LAST_MEDIA[i]!], media: entering });
      const gaps = read.logits.map((logit, n) => Math.abs(logit - wanted[i * vocabulary + n]!));
      expect(read.logits.length).toBe(vocabulary);
      expect(Math.max(...gaps), `token ${i}`).toBeLessThan(CLOSE);
      from = read.state;
    }
  });
});

describe("a model folder that asks for more text than its language model has positions for", () => {
  it("is refused with both numbers", () => {
    const language = { ...ROTARY, positions: { kind: "learned", rows: 32, first: 2 } } as const;
    const config = { ...TINY_FILE, language };
    expect(() => describedFlamingo({ config, tokenizer: {} }, "some/folder")).toThrow(/64 tokens.*30 positions/);
  });
});
