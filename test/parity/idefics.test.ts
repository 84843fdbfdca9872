import { describe, expect, it } from "vitest";
import { ideficsConfig } from "../../src/checkpoints/families/idefics.js";
import { type IdeficsConfig, ideficsNames } from "../../src/checkpoints/names/idefics.js";
import { readReference, under } from "../support/reference.js";
import { type Prompt, sameAsReference } from "./whole-model.js";

/** What `tools/reference/idefics.py` says beside its tensors. */
interface Facts {
  readonly config: Record<string, unknown>;
  readonly tokens: { end: number; around: number; image: number; stop: number[]; maximum: number; beams: number };
  readonly prompts: readonly Prompt[];
}

describe.each([
  ["as it was published", "published"],
  ["with a gate for every channel and no norms of queries and keys", "vector-gates"],
  ["without a resampler", "no-resampler"],
])("beside transformers' IDEFICS %s", (_, fixture) => {
  const { tensors, facts } = readReference<Facts>(`idefics-${fixture}`);
  const { tokens, prompts } = facts;
  const config = ideficsConfig(facts.config, fixture) as IdeficsConfig;
  const rows = ideficsNames(config);
  const weights = under(tensors, "weights.");

  it("its table has every name of its checkpoint but the norm that features do not pass", () => {
    const unused = [...weights.keys()].filter((name) => !rows.some(({ theirs }) => theirs === name));
    expect(unused.filter((name) => !name.startsWith("model.vision_model.post_layernorm."))).toEqual([]);
  });

  sameAsReference({
    config,
    rows,
    weights,
    slopes: under(tensors, "gradients."),
    tensors,
    prompts,
    lastMedia: (ids) => lookedAt(ids, tokens),
    stop: tokens.stop,
    forbidden: [tokens.image, tokens.around],
    maximumTokens: tokens.maximum,
    beams: tokens.beams,
  });
});

/** The token before a picture still looks at the one before it; after the end of a text nothing is looked at. */
function lookedAt(ids: readonly number[], { image, end }: Facts["tokens"]): number[] {
  let [seen, ended] = [0, false];
  return ids.map((id) => {
    if (id === image) [seen, ended] = [seen + 1, false];
    const looked = ended ? 0 : seen;
    if (id === end) ended = true;
    return looked;
  });
}
