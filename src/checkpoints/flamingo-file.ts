/** What a saved Flamingo says of itself, checked, and its parameters filled: the same wherever its files come from. */
import { z } from "zod";
import { type Flamingo, type FlamingoConfig, initFlamingo } from "../model/flamingo.js";
import { frozen, type Parameter } from "../nn/parameters.js";
import { Undrawn } from "../random.js";
import { ModelFolderError } from "./errors.js";
import { fill } from "./fill.js";
import { LANGUAGE } from "./language-schema.js";
import type { Tensor } from "./safetensors.js";

const count = z.number().int().positive();
const colour = z.tuple([z.number(), z.number(), z.number()]);

const FOLDED_NFNET = z.strictObject({
  kind: z.literal("folded-nfnet"),
  size: count,
  stem: count,
  stages: z.array(z.strictObject({ width: count, middle: count, depth: count })).min(1),
  alpha: z.number().positive(),
  head: count,
});
const FLAMINGO = z
  .strictObject({
    kind: z.literal("flamingo"),
    name: z.string(),
    vision: FOLDED_NFNET,
    language: LANGUAGE,
    resampler: z.strictObject({ layers: count, heads: count, hidden: count, latents: count, frames: count }),
    gated: z.strictObject({ every: count, heads: count, hidden: count }),
    /** What is taken out of the pictures: per channel, of values from 0 to 1. */
    normalisation: z.strictObject({ mean: colour, deviation: colour }),
    /** The longest prompt that the model was made for. */
    limits: z.strictObject({ maximumMedia: count, maximumTokens: count }),
  })
  .superRefine((config, context) => {
    const { vision, language, resampler, gated } = config;
    const divides = (path: string, heads: number) => {
      if (language.width % heads !== 0)
        context.addIssue({
          code: "custom",
          path: path.split("."),
          message: `${heads} heads do not divide a width of ${language.width}`,
        });
    };
    divides("resampler.heads", resampler.heads);
    divides("gated.heads", gated.heads);
    const cell = 2 ** (vision.stages.length + 1);
    if (vision.size % cell !== 0)
      context.addIssue({
        code: "custom",
        path: ["vision", "size"],
        message: `${vision.size} pixels cannot be halved ${vision.stages.length + 1} times`,
      });
  });

/** What `config.json` of a Flamingo says. */
export type FlamingoFile = FlamingoConfig & z.infer<typeof FLAMINGO>;

/** What the small files of a Flamingo say. */
export interface DescribedFlamingo {
  readonly config: FlamingoFile;
  /** The JSON of its tokenizer. */
  readonly tokenizer: unknown;
}

/** A Flamingo with its parameters. */
export interface LoadedFlamingo extends DescribedFlamingo {
  /** Every parameter, frozen. */
  readonly params: Flamingo<Parameter>;
}

/**
 * A Flamingo from its files.
 * @param place  what errors call the folder or the address they came from
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, misshapen or not finite
 * @throws as `describedFlamingo`
 */
export function flamingoOf(
  saved: { readonly config: unknown; readonly tokenizer: unknown; readonly tensors: ReadonlyMap<string, Tensor> },
  place: string,
): LoadedFlamingo {
  const described = describedFlamingo(saved, place);
  return { ...described, params: frozen(fill(initFlamingo(new Undrawn(), described.config), saved.tensors)) };
}

/**
 * A Flamingo without its parameters.
 * @throws {ModelFolderError} if the configuration has faults (all told at once)
 */
export function describedFlamingo(
  { config, tokenizer }: { readonly config: unknown; readonly tokenizer: unknown },
  place: string,
): DescribedFlamingo {
  const parsed = FLAMINGO.safeParse(config);
  if (!parsed.success)
    throw new ModelFolderError(
      `config.json of ${place} is not that of a Flamingo: ${parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`).join("; ")}`,
      "give a folder that `flamingo train` saved as `model/` of a whole Flamingo, or mend these fields",
    );
  return { config: parsed.data, tokenizer };
}
