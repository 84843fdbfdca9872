import { describe, expect, it } from "vitest";
import { add, axes, axis, graph, input, type Value } from "../../src/graph/index.js";
import { ModelConfigError } from "../../src/model/errors.js";
import { decoder, initLanguage, type Language, languageModel } from "../../src/model/language/language.js";
import { publishedSlopes, wholeSequences } from "../../src/model/language/positions.js";
import type { Transformer } from "../../src/model/language/transformer.js";
import type { TransformerConfig } from "../../src/model/language/transformer-config.js";
import { flatten, frozen, mapParameters, type Parameter } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { checkGradients, expectClose, type Feeds, runEngine } from "../support/check.js";
import { numbersOf } from "../support/feeds.js";
import { anyLoss } from "../support/loss.js";
import { bound, normalNumbers, stirred, wholeNumbers } from "../support/parameters.js";

const PLAIN: TransformerConfig = {
  kind: "transformer",
  vocabulary: 11,
  added: 0,
  width: 8,
  layers: 2,
  heads: 4,
  keyHeads: 2,
  headDim: 4,
  hidden: 12,
  norm: { kind: "rms", epsilon: 1e-6, offset: false },
  order: "before",
  lastNorm: true,
  positions: { kind: "relative", base: 100 },
  queryKeyNorm: "head",
  offsets: { queryKeyValue: true, output: false, feedForward: true },
  activation: "swiglu",
  head: "own with offset",
  embeddingWidth: 6,
  embeddingScale: 1.5,
  clip: 1.2,
  scoreScale: 0.4,
  logitScale: 0.7,
};
const [BATCH, TEXT] = [2, 5];
const tokens = input("tokens", "int32", axes(axis("batch", BATCH), axis("text", TEXT)));
const IDS = wholeNumbers("tokens", [BATCH, TEXT], 11);
/** Float32, a hundred operations on numbers near 1. */
const CLOSE = 1e-5;

const made = (config: TransformerConfig) => stirred(initLanguage(new Random("transformer"), config));

async function logitsOf(params: Language<Parameter>, config: TransformerConfig) {
  const { params: values, feeds } = bound(frozen(params), "language");
  const built = graph({ logits: languageModel(values, config, tokens) });
  return numbersOf((await runEngine(built, new Map([...feeds, ["tokens", IDS]]))).logits!);
}

describe("the generic decoder", () => {
  it("has the gradients of finite differences with every switch on at once", async () => {
    const config = { ...PLAIN, added: 3, layers: 1 };
    const { params, trained, feeds } = bound(made(config), "language");
    const all: Feeds = new Map([...feeds, ["tokens", wholeNumbers("tokens", [BATCH, TEXT], 14)]]);
    const tolerances = { value: 1e-4, differences: 2e-5, gradient: 1e-4, entries: 2 };
    await checkGradients(anyLoss(languageModel(params, config, tokens)), trained, all, tolerances);
  });

  it.each<TransformerConfig["head"]>(["tied", "own", "own with offset"])(
    "rows added beside its table say and are read as rows of one table would be: head %s",
    async (head) => {
      const whole = made({ ...PLAIN, head }) as Transformer<Parameter>;
      const config = { ...PLAIN, head, vocabulary: 8, added: 3 };
      /** Entries from..to of an axis. */
      const cut = ({ shape, data, ...rest }: Parameter, at: number, from: number, to: number): Parameter => {
        const inner = shape.slice(at + 1).reduce((p, n) => p * n, 1);
        const kept = data.filter(
          (_, i) => Math.floor(i / inner) % shape[at]! >= from && Math.floor(i / inner) % shape[at]! < to,
        );
        return { ...rest, shape: shape.with(at, to - from), data: kept };
      };
      const part = (from: number, to: number) =>
        mapParameters(whole.head ?? {}, (parameter) => cut(parameter, parameter.shape.length - 1, from, to));
      const params = {
        ...whole,
        embedding: cut(whole.embedding, 0, 0, 8),
        added: cut(whole.added ?? whole.embedding, 0, 8, 11),
        ...(head === "tied" ? {} : { head: part(0, 8), addedHead: part(8, 11) }),
      } as Language<Parameter>;
      expect([...flatten(params).keys()].sort()).toEqual([...flatten(made(config)).keys()].sort());
      expect(Math.max(...IDS.data)).toBeGreaterThan(8);
      expectClose(await logitsOf(params, config), await logitsOf(whole, { ...PLAIN, head }), CLOSE, "logits");
    },
  );

  it("keys repeated for every query head say what shared keys say", async () => {
    const shared = made(PLAIN) as Transformer<Parameter>;
    const doubled = (parameter: Parameter): Parameter => {
      const channels = parameter.shape.at(-1)!;
      const wider = Float32Array.from({ length: parameter.data.length * 2 }, (_, i) => {
        const [row, channel] = [Math.floor(i / (2 * channels)), i % (2 * channels)];
        return parameter.data[row * channels + Math.floor(channel / 8) * 4 + (channel % 4)]!;
      });
      return { ...parameter, shape: parameter.shape.with(-1, 2 * channels), data: wider };
    };
    const repeated = mapParameters(shared, (parameter, path) =>
      /attention\.(key|value)\./.test(path) ? doubled(parameter) : parameter,
    ) as Language<Parameter>;
    expectClose(await logitsOf(repeated, { ...PLAIN, keyHeads: 4 }), await logitsOf(shared, PLAIN), CLOSE, "logits");
  });

  it("what is done between the halves of a block sees what attention wrote, and the feed-forward layer sees it", async () => {
    const params = made(PLAIN) as Transformer<Parameter>;
    const silent = mapParameters(params, (parameter, path) =>
      path.includes("attention.output") ? { ...parameter, data: parameter.data.map(() => 0) } : parameter,
    );
    const { params: values, feeds } = bound(frozen(silent), "language");
    const { params: loud, feeds: loudFeeds } = bound(frozen(params), "loud");
    const stream = input("stream", "float32", axes(axis("batch", BATCH), axis("text", TEXT), PLAIN.width));
    const more = input("more", "float32", stream.axes);
    const block = (of: Language<Value>, text: Value, between?: (text: Value) => Value) =>
      decoder(of, PLAIN, wholeSequences(TEXT)).block(0, text, between).text;
    let seen = stream;
    const kept = block(loud as Language<Value>, stream, (text) => {
      seen = text;
      return add(text, more);
    });
    const outputs = {
      between: block(values as Language<Value>, stream, (text) => add(text, more)),
      before: block(values as Language<Value>, add(stream, more)),
      kept,
      after: block(values as Language<Value>, add(seen, more)),
    };
    const given = ["stream", "more"].map((name) => [name, normalNumbers(name, [BATCH, TEXT, PLAIN.width])] as const);
    const out = await runEngine(graph(outputs), new Map([...feeds, ...loudFeeds, ...given]));
    expectClose(numbersOf(out.between!), numbersOf(out.before!), CLOSE, "the block after what was added");
    expectClose(numbersOf(out.kept!), numbersOf(out.after!), CLOSE, "the feed-forward layer of what was seen");
  });

  it("between halves that are computed at once nothing can stand, and the error says what can", () => {
    const config = { ...PLAIN, order: "parallel" } as const;
    const { params } = bound(made(config), "language");
    const { embed, block } = decoder(params, config, wholeSequences(TEXT));
    const stream = embed(tokens);
    expect(() => block(0, stream, (text) => text)).toThrow(ModelConfigError);
    expect(() => block(0, stream, (text) => text)).toThrow(/both at once.*\n.*gated blocks between/);
  });
});

describe("slopes of linear positions", () => {
  it("of 4 heads halve evenly; of 3 they are every second of the next power of 2, then the others", () => {
    expect([...publishedSlopes(4, 8)]).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8]);
    expect([...publishedSlopes(3, 8)]).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
  });
});
