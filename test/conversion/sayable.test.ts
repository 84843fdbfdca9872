import { describe, expect, it } from "vitest";
import { ideficsConfig, ideficsJson } from "../../src/checkpoints/families/idefics.js";
import { languageFamily } from "../../src/checkpoints/families/language.js";
import type { IdeficsConfig } from "../../src/checkpoints/names/idefics.js";
import { differences, explicit, spokenAs } from "../../src/conversion/sayable.js";
import { presetNamed } from "../../src/model/presets.js";
import { readReference } from "../support/reference.js";

describe("the configuration of a published language model", () => {
  it.each([
    ["gpt-neox-parallel", "gpt_neox"],
    ["gpt-neox-sequential", "gpt_neox"],
    ["llama", "llama"],
    ["llama-grouped", "llama"],
    ["mosaic-gpt", "mosaic_gpt"],
    ["mpt", "mpt"],
    ["mpt-clipped", "mosaic_gpt"],
    ["mpt-multiquery", "mpt"],
    ["opt", "opt"],
    ["opt-350m", "opt"],
  ])("of %s is written as one of %s, from which the same is read", (name, type) => {
    const { facts } = readReference<{ config: { model_type: string } }>(`language-${name}`);
    const config = languageFamily(facts.config, name).config(facts.config, name);
    const spoken = spokenAs(config, 64);
    if (!("json" in spoken)) expect.fail(spoken.field);
    expect(spoken.unsayable).toEqual([]);
    expect({ type: spoken.type, said: spoken.json.model_type }).toEqual({ type, said: type });
    expect(languageFamily(spoken.json, "again").config(spoken.json, "again")).toEqual(config);
  });

  it.each([
    ["openflamingo-3b", "mosaic_gpt"],
    ["openflamingo-4b", "gpt_neox"],
    ["openflamingo-9b", "mpt"],
  ])("of %s is said by %s", (name, type) => {
    const spoken = spokenAs(presetNamed(name).config.language, 2048);
    expect(spoken).toMatchObject({ type, unsayable: [] });
  });

  it("of the paper's own language model is said by none: its positions are told with what comes nearest", () => {
    const spoken = spokenAs(presetNamed("flamingo-3b").config.language, 2048);
    expect(spoken).toMatchObject({
      unsayable: expect.arrayContaining([
        expect.objectContaining({ field: "language.positions.kind", found: "relative" }),
      ]),
    });
  });
});

it.each(["idefics-9b", "idefics-80b"])("the configuration of %s is written so that the same is read", (name) => {
  const config = presetNamed(name).config as IdeficsConfig;
  const read = ideficsConfig(ideficsJson(config, 2048), name);
  expect(differences(explicit(config), explicit(read), "")).toEqual([]);
});
