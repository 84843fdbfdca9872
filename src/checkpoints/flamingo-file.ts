/** What a saved Flamingo says of itself, checked, and its parameters filled: the same wherever its files come from. */
import { z } from "zod";
import { type Flamingo, type FlamingoConfig, initFlamingo } from "../model/flamingo-parameters.js";
import { languageSizes } from "../model/language/language.js";
import type { VisionConfig } from "../model/vision/tower.js";
import { ACTIVATIONS, type Activation } from "../nn/layers.js";
import { frozen, type Parameter } from "../nn/parameters.js";
import { Undrawn } from "../random.js";
import { ModelFolderError } from "./errors.js";
import { fill } from "./fill.js";
import { depth, LANGUAGE } from "./language-schema.js";
import type { Tensor } from "./safetensors.js";

const count = z.number().int().positive();
const colour = z.tuple([z.number(), z.number(), z.number()]);

const FOLDED_NFNET = z.strictObject({
  kind: z.literal("folded-nfnet"),
  size: count,
  stem: count,
  stages: z.array(z.strictObject({ width: count, middle: count, depth })).min(1),
  alpha: z.number().positive(),
  head: count,
});
const share = z.number().positive().max(1);
const NFNET = z.strictObject({
  kind: z.literal("nfnet"),
  size: count,
  stem: count.multipleOf(8),
  stages: z.array(z.strictObject({ width: count, depth })).min(1),
  bottleneck: share,
  groupWidth: count,
  squeeze: share,
  alpha: z.number().positive(),
  head: count,
  padding: z.enum(["same", "symmetric"]),
  guard: z.enum(["floor", "add"]),
});
const CLIP_VIT = z.strictObject({
  kind: z.literal("clip-vit"),
  size: count,
  patch: count,
  positions: count,
  width: count,
  layers: depth,
  heads: count,
  hidden: count,
  activation: z.enum(["gelu", "quickGelu"]),
  classToken: z.boolean(),
  postNorm: z.boolean(),
});
const VISION = z.discriminatedUnion("kind", [FOLDED_NFNET, NFNET, CLIP_VIT]).superRefine((config, context) => {
  for (const { path, message } of visionFaults(config)) context.addIssue({ code: "custom", path, message });
});

/** What the fields of a vision tower, each possible by itself, cannot be together. */
function visionFaults(config: VisionConfig): { path: string[]; message: string }[] {
  switch (config.kind) {
    case "folded-nfnet": {
      const halvings = config.stages.length + 1;
      const message = `${config.size} pixels cannot be halved ${halvings} times`;
      return config.size % 2 ** halvings === 0 ? [] : [{ path: ["size"], message }];
    }
    case "nfnet": {
      const narrowest = Math.min(...config.stages.map(({ width }) => width)) * config.bottleneck;
      const message = `groups of ${config.groupWidth} channels do not go into ${narrowest}`;
      return narrowest >= config.groupWidth ? [] : [{ path: ["groupWidth"], message }];
    }
    case "clip-vit": {
      const { size, patch, width, heads } = config;
      return [
        ...(width % heads === 0
          ? []
          : [{ path: ["heads"], message: `${heads} heads do not divide a width of ${width}` }]),
        ...(patch <= size ? [] : [{ path: ["patch"], message: `a patch of ${patch} pixels in a picture of ${size}` }]),
      ];
    }
  }
}

const NORM = z.strictObject({ kind: z.enum(["layer", "rms"]), epsilon: z.number().positive(), offset: z.boolean() });
const ACTIVATION = z.enum(Object.keys(ACTIVATIONS) as [Activation, ...Activation[]]);
const RESAMPLER = z.strictObject({
  kind: z.enum(["perceiver", "mlp", "transformer"]).exactOptional(),
  layers: depth.or(z.literal(0)),
  heads: count,
  headDim: count.exactOptional(),
  width: count.exactOptional(),
  hidden: count,
  latents: count,
  frames: z.number().int().nonnegative(),
  project: z.boolean().exactOptional(),
  activation: ACTIVATION.exactOptional(),
  qkNorm: z.boolean().exactOptional(),
  finalNorm: z.boolean().exactOptional(),
});
const GATED = z.strictObject({
  kind: z.enum(["xattn-dense", "vanilla"]).exactOptional(),
  before: z.array(z.number().int().nonnegative()).readonly(),
  grafts: depth.exactOptional(),
  heads: count,
  headDim: count.exactOptional(),
  hidden: count,
  norm: NORM.exactOptional(),
  visualNorm: z.boolean().exactOptional(),
  qkNorm: z.boolean().exactOptional(),
  activation: z.union([ACTIVATION, z.literal("swiglu")]).exactOptional(),
  gate: z.enum(["scalar", "vector", "none"]).exactOptional(),
  attend: z.enum(["last", "all"]).exactOptional(),
  project: z.boolean().exactOptional(),
});
/** How pictures are fitted to the tower's square, `pad` unless told, and what is taken out of them: per channel, of values from 0 to 1. */
const NORMALISATION = z.strictObject({
  mean: colour,
  deviation: colour,
  fit: z.enum(["pad", "crop", "squash"]).exactOptional(),
  shortEdge: count.exactOptional(),
  centre: z.enum(["half-even", "down"]).exactOptional(),
  filter: z.enum(["bilinear", "bicubic"]).exactOptional(),
});
/** What prompts look like; the paper's unless told. */
const PROMPT = z.strictObject({
  policy: z.string(),
  marks: z.record(z.string(), z.string().nullable()).exactOptional(),
});
const FLAMINGO = z
  .strictObject({
    kind: z.literal("flamingo"),
    name: z.string(),
    vision: VISION,
    language: LANGUAGE,
    resampler: RESAMPLER,
    gated: GATED,
    ownTokens: z.enum(["added", "table"]).exactOptional(),
    normalisation: NORMALISATION,
    prompt: PROMPT.exactOptional(),
    /** The longest prompt that the model was made for. */
    limits: z.strictObject({ maximumMedia: count, maximumTokens: count }),
  })
  .superRefine((config, context) => {
    const { language, resampler, gated } = config;
    const divides = (path: string, { heads, headDim }: { heads: number; headDim?: number }, width: number) => {
      if (headDim === undefined && width % heads !== 0)
        context.addIssue({
          code: "custom",
          path: path.split("."),
          message: `${heads} heads do not divide a width of ${width}`,
        });
    };
    divides("resampler.heads", resampler, resampler.width ?? language.width);
    divides("gated.heads", gated, language.width);
    const { longest = Number.POSITIVE_INFINITY, layers } = languageSizes(language);
    gated.before.forEach((depth, i) => {
      const after = gated.before[i - 1] ?? -1;
      if (depth >= layers || depth <= after)
        context.addIssue({
          code: "custom",
          path: ["gated", "before", i],
          message:
            depth >= layers
              ? `a block before language block ${depth}, but there are ${layers}, counted from 0`
              : `${depth} follows ${after}; the list rises`,
        });
    });
    if (config.limits.maximumTokens > longest)
      context.addIssue({
        code: "custom",
        path: ["limits", "maximumTokens"],
        message: `${config.limits.maximumTokens} tokens, but the language model has ${longest} positions`,
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

/** What a model folder may hold that is no whole Flamingo. */
const TOWERS: Readonly<Record<string, string>> = { language: "a language model", vision: "a vision tower" };

/**
 * @throws {ModelFolderError} if a configuration is that of a tower alone, which has no answers yet, or of another program's
 *   model, which is to be imported
 */
export function requireFlamingo(config: unknown, place: string): void {
  const { kind, model_type: type } = (config ?? {}) as { readonly kind?: unknown; readonly model_type?: unknown };
  if (typeof kind === "string" && Object.hasOwn(TOWERS, kind))
    throw new ModelFolderError(
      `${place} holds ${TOWERS[kind]} alone, and no Flamingo.`,
      "make a Flamingo of it first: flamingo new --vision DIR --language DIR --every 4 --out DIR",
    );
  if (kind === undefined && typeof type === "string")
    throw new ModelFolderError(
      `${place} holds a model as others publish them (its config.json is of model_type ${JSON.stringify(type)}).`,
      `import it first: flamingo import ${place} --out DIR`,
    );
}

/**
 * A Flamingo without its parameters.
 * @throws {ModelFolderError} if the configuration has faults (all told at once)
 */
export function describedFlamingo(
  { config, tokenizer }: { readonly config: unknown; readonly tokenizer: unknown },
  place: string,
): DescribedFlamingo {
  const mend = "give a folder that `flamingo train` saved as `model/` of a whole Flamingo, or mend these fields";
  return { config: checked(FLAMINGO, config, `${place} is not that of a Flamingo`, mend), tokenizer };
}

const LANGUAGE_PART = z.object({
  language: LANGUAGE,
  prompt: PROMPT.optional(),
  limits: z.object({ maximumTokens: count }).optional(),
});
const VISION_PART = z.object({ vision: VISION, normalisation: NORMALISATION });

/**
 * What a configuration says of its language model, and of the texts that it was trained with.
 * @throws {ModelFolderError} if that has faults (all told at once)
 */
export function describedLanguage(config: unknown, place: string): z.infer<typeof LANGUAGE_PART> {
  return checked(LANGUAGE_PART, config, `${place} says of no language model what is needed`, MEND_TOWER);
}

/**
 * What a configuration says of its vision tower.
 * @throws {ModelFolderError} if that has faults (all told at once)
 */
export function describedVision(config: unknown, place: string): z.infer<typeof VISION_PART> {
  return checked(VISION_PART, config, `${place} says of no vision tower what is needed`, MEND_TOWER);
}

const MEND_TOWER = "mend these fields, or import or train it again";

function checked<Schema extends z.ZodType>(
  schema: Schema,
  config: unknown,
  fault: string,
  mend: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`);
  throw new ModelFolderError(`config.json of ${fault}: ${faults.join("; ")}`, mend);
}
