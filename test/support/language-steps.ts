/** A language model that goes on from a cache: one program for every batch, text and past, as answering uses it. */
import type { Tensor } from "../../src/checkpoints/safetensors.js";
import { axes, axis, graph, input } from "../../src/graph/index.js";
import type { BlockCache } from "../../src/model/language/decoder.js";
import {
  decoder,
  type Language,
  type LanguageConfig,
  languageSizes,
  unembed,
} from "../../src/model/language/language.js";
import { bind } from "../../src/nn/layers.js";
import { flatten, type Parameter } from "../../src/nn/parameters.js";
import { type Tensor as Fed, portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";

/** A place after all: what stands there is hidden from every token. */
export const NOWHERE = 1e6;

/** What one row of a batch reads. */
export interface Reading {
  readonly tokens: readonly number[];
  readonly positions: readonly number[];
  /** Places of these tokens as keys; their positions, where nothing is padding. */
  readonly keyPositions?: readonly number[];
  readonly pastPositions: readonly number[];
}

type Past = readonly BlockCache<Fed>[];

/** A compiled model. */
export interface Continuing extends AsyncDisposable {
  /** The cache of a batch that has read nothing. */
  nothing(batch: number): Past;
  /** Reads further tokens: logits of tokens from..to of a row, [to - from, vocabulary], and the cache with them. */
  read(
    rows: readonly Reading[],
    past: Past,
  ): Promise<{ logits(row: number, from: number, to: number): Tensor; past: Past }>;
}

/** Compiles one. */
export async function continuing(params: Language<Parameter>, config: LanguageConfig): Promise<Continuing> {
  const { layers, cacheWidth, vocabulary } = languageSizes(config);
  const blocks = Array.from({ length: layers }, (_, i) => i);
  const [batch, text] = [axis("batch"), axis("text")];
  const cached = (name: string) => input(name, "float32", axes(batch, "past", cacheWidth));
  const values = bind(params, "language");
  const { embed, block } = decoder(values, config, {
    positions: input("positions", "float32", [batch, text]),
    keyPositions: input("keyPositions", "float32", axes(batch, "keys")),
    past: blocks.map((i) => ({ key: cached(`key ${i}`), value: cached(`value ${i}`) })),
  });
  const present: BlockCache<ReturnType<typeof cached>>[] = [];
  let stream = embed(input("tokens", "int32", [batch, text]));
  for (const i of blocks) {
    const result = block(i, stream);
    stream = result.text;
    present.push(result.present);
  }
  const outputs = Object.fromEntries(
    present.flatMap(
      ({ key, value }, i) =>
        [
          [`new key ${i}`, key],
          [`new value ${i}`, value],
        ] as const,
    ),
  );
  const weights = new Map([...flatten(params)].map(([path, parameter]) => [`language.${path}`, parameter]));
  const program = await nodeRuntime.compile(
    portable(graph({ logits: unembed(values, config, stream), ...outputs }), weights),
    { threads: 1 },
  );
  const floats = (rows: readonly (readonly number[])[]): Fed => ({
    shape: [rows.length, rows[0]!.length],
    data: Float32Array.from(rows.flat()),
  });
  /** [batch, a, width] and [batch, b, width] to [batch, a + b, width]. */
  const joined = (a: Fed, b: Fed): Fed => {
    const [rows, before, width] = a.shape as [number, number, number];
    const after = b.shape[1]!;
    const data = new Float32Array(rows * (before + after) * width);
    const part = ({ data }: Fed, row: number, length: number) =>
      (data as Float32Array).subarray(row * length * width, (row + 1) * length * width);
    for (let row = 0; row < rows; row++) {
      data.set(part(a, row, before), row * (before + after) * width);
      data.set(part(b, row, after), (row * (before + after) + before) * width);
    }
    return { shape: [rows, before + after, width], data };
  };
  return {
    nothing: (rows) =>
      blocks.map(() => {
        const none = { shape: [rows, 0, cacheWidth], data: new Float32Array(0) };
        return { key: none, value: none };
      }),
    async read(rows, past) {
      const out = await program.run({
        tokens: {
          shape: [rows.length, rows[0]!.tokens.length],
          data: Int32Array.from(rows.flatMap(({ tokens }) => tokens)),
        },
        positions: floats(rows.map(({ positions }) => positions)),
        keyPositions: floats(
          rows.map(({ pastPositions, positions, keyPositions = positions }) => [...pastPositions, ...keyPositions]),
        ),
        ...Object.fromEntries(
          past.flatMap(
            ({ key, value }, i) =>
              [
                [`key ${i}`, key],
                [`value ${i}`, value],
              ] as const,
          ),
        ),
      });
      const { shape, data } = out.logits!;
      return {
        logits: (row, from, to) => ({
          shape: [to - from, vocabulary],
          data: (data as Float32Array).slice(
            (row * shape[1]! + from) * vocabulary,
            (row * shape[1]! + to) * vocabulary,
          ),
        }),
        past: past.map(({ key, value }, i) => ({
          key: joined(key, out[`new key ${i}`]!),
          value: joined(value, out[`new value ${i}`]!),
        })),
      };
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
