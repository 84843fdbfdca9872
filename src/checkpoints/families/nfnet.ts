/** NFNets, as timm saves them. */
import { z } from "zod";
import {
  NFNET_F0,
  NFNET_F1,
  NFNET_F2,
  NFNET_F3,
  NFNET_F4,
  NFNET_F5,
  NFNET_F6,
  type NfnetConfig,
} from "../../model/vision/nfnet.js";
import { ForeignConfigError } from "./errors.js";
import { count, readConfig, supported } from "./read.js";

/** timm's names of those with DeepMind's weights. */
const PUBLISHED: Readonly<Record<string, NfnetConfig>> = {
  dm_nfnet_f0: NFNET_F0,
  dm_nfnet_f1: NFNET_F1,
  dm_nfnet_f2: NFNET_F2,
  dm_nfnet_f3: NFNET_F3,
  dm_nfnet_f4: NFNET_F4,
  dm_nfnet_f5: NFNET_F5,
  dm_nfnet_f6: NFNET_F6,
};

const FIELDS = {
  architecture: z.string(),
  model_args: z.record(z.string(), z.unknown()).default({}),
  pretrained_cfg: z.object({ input_size: z.tuple([count, count, count]).optional() }).default({}),
};

/** What networks of ImageNet take out of pictures. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const colour = z.tuple([z.number(), z.number(), z.number()]);
const COLOURS = { pretrained_cfg: z.object({ mean: colour.optional(), std: colour.optional() }).default({}) };

/**
 * What one of timm's networks takes out of pictures, which are fitted as the paper does it: whole, with an edge of the mean.
 * @throws {ForeignConfigError} for colours that are none
 */
export function nfnetPixels(json: unknown, place: string) {
  const { mean = IMAGENET.mean, std = IMAGENET.std } = readConfig(COLOURS, json, place).pretrained_cfg;
  const { size } = nfnetConfig(json, place);
  return { size, mean, deviation: std, fit: "pad" } as const;
}

/** Whether a configuration is one of timm's. */
export function isTimm(json: unknown): boolean {
  return typeof (json as { architecture?: unknown } | null)?.architecture === "string";
}

/**
 * The `config.json` of one of timm's NFNets to our configuration, for pictures of the size it was trained with.
 * @throws {ForeignConfigError} for any other architecture, and for one that its file changes: timm's own `nfnet_f*` have no
 *   weights and are another network, with factors in their weights and no gain of a branch
 */
export function nfnetConfig(json: unknown, place: string): NfnetConfig {
  const { architecture, model_args: changes, pretrained_cfg: made } = readConfig(FIELDS, json, place);
  const known = Object.hasOwn(PUBLISHED, architecture) ? PUBLISHED[architecture] : undefined;
  if (known === undefined)
    throw new ForeignConfigError(
      `config.json of ${place} names the architecture ${JSON.stringify(architecture)}; of timm's ${Object.keys(PUBLISHED).join(", ")} are known.`,
      "take one of these, or a CLIP of transformers",
    );
  const [channels, height, width] = made.input_size ?? [3, known.size, known.size];
  supported(place, {
    ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, [value, undefined] as const])),
    "pretrained_cfg.input_size[0]": [channels, 3],
    "pretrained_cfg.input_size[2]": [width, height],
  });
  return { ...known, size: height };
}
