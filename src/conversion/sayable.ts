/** Whether a format can say a model: its configuration beside the one that would be read from what is written. */
import { ForeignConfigError } from "../checkpoints/families/errors.js";
import { LANGUAGE_FAMILIES, type LanguageFamily } from "../checkpoints/families/language.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { ideficsPixels, openFlamingoPixels } from "../media/preprocessor.js";
import { type FlamingoConfig, visualWidth } from "../model/flamingo-parameters.js";
import { type LanguageConfig, languageSizes } from "../model/language/language.js";
import type { TransformerConfig } from "../model/language/transformer-config.js";
import { LAYER_NORM } from "../nn/layers.js";
import { type InterleavePolicy, POLICIES, type PromptConfig, policyOf } from "../prompt/policies.js";

/** A field that a model has otherwise than a format can say. */
export interface Unsayable {
  readonly field: string;
  readonly found: unknown;
  /** What the format has there; a text that begins with "only" is for people. */
  readonly format: unknown;
}

/** A configuration in which nothing is left out that has a usual value. */
export function explicit(config: FlamingoConfig): FlamingoConfig {
  const { resampler, gated, language } = config;
  const width = visualWidth(config);
  const ownWidth = languageSizes(language).width;
  return {
    ...config,
    resampler: {
      kind: "perceiver",
      headDim: width / resampler.heads,
      project: true,
      activation: "squaredRelu",
      qkNorm: false,
      finalNorm: true,
      ...resampler,
      width,
    },
    gated: {
      kind: "xattn-dense",
      grafts: 0,
      headDim: ownWidth / gated.heads,
      norm: LAYER_NORM,
      visualNorm: true,
      qkNorm: false,
      activation: "squaredRelu",
      gate: "scalar",
      attend: "last",
      project: false,
      ...gated,
    },
    ownTokens: config.ownTokens ?? "added",
  };
}

/** Fields in which two values differ, by their dotted paths. Of things of different kinds only that is told. */
export function differences(found: unknown, format: unknown, field: string): Unsayable[] {
  if (!isRecord(found) || !isRecord(format))
    return JSON.stringify(found) === JSON.stringify(format) ? [] : [{ field, found, format }];
  if (found.kind !== format.kind) return [{ field: `${field}.kind`, found: found.kind, format: format.kind }];
  const names = new Set([...Object.keys(found), ...Object.keys(format)]);
  return [...names].flatMap((name) => differences(found[name], format[name], field === "" ? name : `${field}.${name}`));
}

/** A language model under the names of a published family. */
export interface Spoken {
  readonly type: string;
  readonly family: LanguageFamily;
  /** Contents of the family's `config.json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What it cannot say of the model. */
  readonly unsayable: readonly Unsayable[];
}

/**
 * The family that a language model is of, and if it is of none, the one that comes nearest.
 * @param longest  tokens that the model was made for
 */
export function spokenAs(config: LanguageConfig, longest: number): Spoken | Unsayable {
  if (config.kind !== "transformer") return { field: "language.kind", found: config.kind, format: "only transformer" };
  // With norms of queries and keys MPT was published as mosaic_gpt, and transformers' own code knows none.
  const mpt = config.queryKeyNorm === "none" ? ["mpt", "mosaic_gpt"] : ["mosaic_gpt", "mpt"];
  const spoken = ["llama", "gpt_neox", "opt", ...mpt].map((type) => spokenIn(type, config, longest));
  return spoken.reduce((best, one) => (one.unsayable.length < best.unsayable.length ? one : best));
}

function spokenIn(type: string, config: TransformerConfig, longest: number): Spoken {
  const family = LANGUAGE_FAMILIES[type]!;
  const json = family.json!(config, longest);
  try {
    return { type, family, json, unsayable: differences(config, family.config(json, type), "language") };
  } catch (error) {
    if (!(error instanceof ForeignConfigError)) throw error;
    const unsayable = Object.keys(config).map((field) => ({
      field: `language.${field}`,
      found: config[field as keyof TransformerConfig],
      format: `only what ${type} has`,
    }));
    return { type, family, json, unsayable };
  }
}

/** How a model's prompts look. */
export function policyOfModel({ prompt }: FlamingoFile): InterleavePolicy {
  return policyOf((prompt ?? { policy: "paper" }) as PromptConfig);
}

/** What a format of one of these policies cannot say of a model's prompts. Marks that a tokenizer's files name may be any. */
export function unsayablePrompt(model: FlamingoFile, policies: readonly (keyof typeof POLICIES)[]): Unsayable[] {
  const found = model.prompt?.policy ?? "paper";
  const policy = policies.find((name) => name === found);
  if (policy === undefined) return [{ field: "prompt.policy", found, format: `only ${policies.join(" or ")}` }];
  const { marks } = policyOfModel(model);
  const own = POLICIES[policy].marks as InterleavePolicy["marks"];
  return (["image", "eoc", "aroundImage", "endOfUtterance"] as const).flatMap((mark) =>
    differences(marks[mark], own[mark], `prompt.marks.${mark}`),
  );
}

/** What a format cannot say of how pictures are prepared: OpenFlamingo's has one way, IDEFICS's one and any colours. */
export function unsayablePixels({ normalisation, vision }: FlamingoFile, as: "openflamingo" | "idefics"): Unsayable[] {
  const usual = { fit: "pad", centre: "half-even", filter: "bicubic", shortEdge: vision.size };
  const { size: _, ...format } = as === "openflamingo" ? openFlamingoPixels : ideficsPixels;
  const colours = as === "idefics" ? { mean: normalisation.mean, deviation: normalisation.deviation } : {};
  return differences({ ...usual, ...normalisation }, { ...usual, ...format, ...colours }, "normalisation");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
