/** The two graphs that answer: media into what the gated blocks read of them, and text onwards from a cache. */
import {
  type Axis,
  axes,
  axis,
  embed,
  type Graph,
  graph,
  input,
  reshape,
  type Value,
  type Weight,
} from "../graph/index.js";
import { flamingo, visualKeysAndValues, visualTokens } from "../model/flamingo.js";
import { type Flamingo, type FlamingoConfig, gatedInner, visualTokenCount } from "../model/flamingo-parameters.js";
import { languageSizes, unembed } from "../model/language/language.js";
import { bind } from "../nn/layers.js";
import { type Parameter, storedIn } from "../nn/parameters.js";
import { portable } from "../runtime/contract.js";
import type { CacheSizes, EngineInit, EngineOptions } from "./engine.js";

/** Names of a gated block's keys and values of the media. */
export const visualNames = (block: number) => ({ key: `visual ${block} key`, value: `visual ${block} value` });

/** Names of a language block's cache; as outputs they hold the new tokens only, under `newNames`. */
export const pastNames = (block: number) => ({
  key: `past ${block} key`,
  value: `past ${block} value`,
  recent: `past ${block} recent`,
});
export const newNames = (block: number) => ({
  key: `new ${block} key`,
  value: `new ${block} value`,
  recent: `new ${block} recent`,
});

/**
 * Encodes media: `pixels` [media, frames, height, width, 3] to, for each gated block, keys and values [media, latents, width].
 * @param frames  frames of each medium: 1 for still images
 */
export function lookGraph(params: Flamingo<Value>, config: FlamingoConfig, frames: number): Graph {
  const { size } = config.vision;
  const pixels = input("pixels", "float32", axes("media", frames, size, size, 3));
  const visual = visualTokens(params, config, pixels);
  return graph(
    Object.fromEntries(
      params.gated.flatMap((block, i) => {
        const { key, value } = visualKeysAndValues(block, config.gated, visual);
        const names = visualNames(i);
        return [
          [names.key, key],
          [names.value, value],
        ] as const;
      }),
    ),
  );
}

/** What each block keeps of the tokens before. */
function cachesOf({ language, gated }: FlamingoConfig): CacheSizes[] {
  const { layers, width, cacheWidth, recent } = languageSizes(language);
  return [
    ...Array.from({ length: layers }, (): CacheSizes => ({ width: cacheWidth, recent: [recent, width] })),
    ...Array.from({ length: gated.grafts ?? 0 }, (): CacheSizes => ({ width, recent: [0, width] })),
  ];
}

/**
 * Reads tokens after those in the cache. Inputs: `tokens` and `lastMedia` [batch, text], `mediaOfSeen` [seen],
 * `positions` [batch, text] and `keyPositions` [batch, keys] (keys = past + text), `rows` [rows] (which of the batch x
 * text positions want logits), the caches and the keys and values of the media. Outputs: `logits` [rows, vocabulary] and
 * the new tokens' part of the cache.
 */
export function readGraph(params: Flamingo<Value>, config: FlamingoConfig): Graph {
  const [batch, text, past, seen] = [axis("batch"), axis("text"), axis("past"), axis("seen")];
  const cached = (name: string, length: Axis, channels: number) =>
    input(name, "float32", [batch, length, axis("", channels)]);
  const context = {
    positions: input("positions", "float32", [batch, text]),
    keyPositions: input("keyPositions", "float32", [batch, axis("keys")]),
    past: cachesOf(config).map(({ width, recent: [tokens, channels] }, i) => {
      const names = pastNames(i);
      return {
        key: cached(names.key, past, width),
        value: cached(names.value, past, width),
        ...(tokens > 0 ? { recent: cached(names.recent, axis("recent", tokens), channels) } : {}),
      };
    }),
  };
  const inner = gatedInner(config);
  const visual = params.gated.map((_, i) => {
    const names = visualNames(i);
    return { key: cached(names.key, seen, inner), value: cached(names.value, seen, inner) };
  });
  const look = {
    form: "mask",
    lastMedia: input("lastMedia", "int32", [batch, text]),
    mediaOfSeen: input("mediaOfSeen", "int32", [seen]),
  } as const;
  const { stream, present } = flamingo(params, config, input("tokens", "int32", [batch, text]), visual, look, context);
  const positions = reshape(stream, [axis("positions"), stream.axes[2]!]);
  const chosen = embed(positions, input("rows", "int32", [axis("rows")]));
  return graph({
    logits: unembed(params.language, config.language, chosen),
    ...Object.fromEntries(
      present.flatMap(({ key, value, recent }, i) => {
        const names = newNames(i);
        return [
          [names.key, key],
          [names.value, value],
          ...(recent === undefined ? [] : [[names.recent, recent] as const]),
        ] as const;
      }),
    ),
  });
}

/** Weights that are not in memory, and where they are. */
export interface StoredWeights {
  readonly weights: ReadonlyMap<string, Weight>;
  readonly folder: string;
}

/**
 * All that the answering thread of a model needs, for still images.
 * @param stored  where the numbers of the parameters are; in memory unless told
 */
export function engineInit(
  params: Flamingo<Parameter>,
  config: FlamingoConfig,
  options: EngineOptions = {},
  stored?: StoredWeights,
): EngineInit {
  const weights = stored?.weights ?? storedIn(params);
  const bound = bind(params, "");
  return {
    look: portable(lookGraph(bound, config, 1), weights),
    read: portable(readGraph(bound, config), weights),
    caches: cachesOf(config),
    gatedBlocks: params.gated.length,
    latents: visualTokenCount(config),
    visualWidth: gatedInner(config),
    attendsAll: config.gated.attend === "all",
    ...(stored === undefined ? {} : { weightsFolder: stored.folder }),
    ...options,
  };
}
