import { describe, expect, it } from "vitest";
import { clipVitConfig } from "../../src/checkpoints/families/clip.js";
import { languageFamily, namesIn } from "../../src/checkpoints/families/language.js";
import { clipNames } from "../../src/checkpoints/names/clip.js";
import {
  OPENFLAMINGO_LANGUAGES,
  type OpenFlamingoFamily,
  openFlamingoNames,
  openFlamingoPlaces,
} from "../../src/checkpoints/names/openflamingo.js";
import { below } from "../../src/checkpoints/names/rows.js";
import { everyNth, type FlamingoConfig } from "../../src/model/flamingo-parameters.js";
import { readReference, under } from "../support/reference.js";
import { type Prompt, sameAsReference } from "./whole-model.js";

/** What `tools/reference/openflamingo.py` says beside its tensors. */
interface Facts {
  readonly language: { readonly model_type: string };
  readonly vision: Record<string, unknown>;
  readonly resampler: { depth: number; dim_head: number; heads: number; num_latents: number; ff_mult: number };
  readonly gated: { dim_head: number; heads: number; ff_mult: number; every: number };
  readonly tokens: { endOfChunk: number; image: number; rows: number; maximum: number; beams: number };
  readonly prompts: readonly Prompt[];
}

describe.each([
  ["GPT-NeoX, a gated block for every second of its own", "neox"],
  ["MPT, for every one", "mpt"],
  ["LLaMA, one for all four", "llama"],
  ["OPT, for every second", "opt"],
])("beside OpenFlamingo's own code around %s", (_, fixture) => {
  const { tensors, facts } = readReference<Facts>(`openflamingo-${fixture}`);
  const checkpoint = under(tensors, "weights.checkpoint.");
  const vision = clipVitConfig(facts.vision, fixture, { classToken: false });
  const family = languageFamily(facts.language, fixture);
  const language = { ...family.config(facts.language, fixture), vocabulary: facts.tokens.rows };
  const { resampler, gated, tokens, prompts } = facts;
  const config: FlamingoConfig = {
    vision,
    language,
    resampler: {
      layers: resampler.depth,
      heads: resampler.heads,
      headDim: resampler.dim_head,
      width: vision.width,
      hidden: resampler.ff_mult * vision.width,
      latents: resampler.num_latents,
      frames: 0,
      project: false,
      activation: "gelu",
    },
    gated: {
      before: everyNth(language.layers, gated.every, "last"),
      heads: gated.heads,
      headDim: gated.dim_head,
      hidden: gated.ff_mult * language.width,
      visualNorm: false,
      activation: "gelu",
    },
    ownTokens: "table",
  };
  const kind = facts.language.model_type as OpenFlamingoFamily;
  const trained = openFlamingoNames(config, kind);
  const held = new Map([
    ...under(tensors, "weights.language."),
    ...under(tensors, "weights.vision."),
    ...checkpoint,
    ...under(tensors, "weights.resized."),
  ]);
  const own = below(namesIn(family, language, new Set(held.keys())), "language.", "");
  const replaced = new Set(trained.map(({ ours }) => ours));

  it("the names of its checkpoint tell the family and where gated blocks stand", () => {
    expect(openFlamingoPlaces(checkpoint.keys())).toEqual({
      family: kind,
      before: config.gated.before,
      resamplerLayers: resampler.depth,
    });
    const beside = kind === "opt" ? ["lang_encoder.model.decoder.embed_positions.weight"] : [];
    expect([...checkpoint.keys()].sort()).toEqual(
      [...new Set([...trained.map(({ theirs }) => theirs), ...beside])].sort(),
    );
    expect(Object.keys(OPENFLAMINGO_LANGUAGES)).toContain(kind);
  });

  sameAsReference({
    config,
    rows: [...trained, ...own.filter(({ ours }) => !replaced.has(ours)), ...clipNames(vision)],
    weights: held,
    slopes: under(tensors, "gradients.checkpoint."),
    tensors,
    prompts,
    lastMedia: (ids) => {
      let seen = 0;
      return ids.map((id) => (id === tokens.image ? ++seen : seen));
    },
    stop: [tokens.endOfChunk],
    forbidden: [tokens.image],
    maximumTokens: tokens.maximum,
    beams: tokens.beams,
  });
});
