/** A model as IDEFICS is published: everything in one folder, under the names of transformers. */
import { ideficsConfig, ideficsJson } from "../checkpoints/families/idefics.js";
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import { type IdeficsConfig, ideficsNames } from "../checkpoints/names/idefics.js";
import { preprocessorJson } from "../media/preprocessor.js";
import { openTokenizer } from "../text/hub-tokenizer.js";
import { unsayableError } from "./errors.js";
import { unreadNorm, unsayableVision } from "./export-openflamingo.js";
import { type ExportedPart, joinedTensors, type ModelToExport } from "./joining.js";
import { differences, explicit, policyOfModel, type Unsayable, unsayablePixels, unsayablePrompt } from "./sayable.js";
import { tokenizerFiles } from "./tokenizer-json.js";

/**
 * What is written.
 * @throws {ExportError} naming every field that the format has otherwise
 */
export function ideficsParts({ place, config, tokenizer, weights }: ModelToExport): ExportedPart[] {
  const { limits, normalisation } = config;
  const kinds = unsayableKinds(config);
  const unsayable = [
    ...unsayablePrompt(config, ["idefics", "idefics-instruct"]),
    ...(kinds.length > 0 ? kinds : unsayableSizes(config as FlamingoFile & IdeficsConfig)),
    ...unsayablePixels(config, "idefics"),
  ];
  if (unsayable.length > 0) throw unsayableError(place, "IDEFICS", unsayable);
  const own = config as FlamingoFile & IdeficsConfig;
  const { marks } = policyOfModel(config);
  const words = openTokenizer(tokenizer);
  const ids = Object.fromEntries(
    (["bos", "eos", "pad"] as const).flatMap((mark) =>
      marks[mark] === undefined ? [] : [[`${mark}_token_id`, words.special(marks[mark])]],
    ),
  );
  const pixels = preprocessorJson({ fit: "squash", ...normalisation, size: own.vision.size });
  return [
    {
      folder: "",
      tensors: new Map([
        ...joinedTensors(weights, ideficsNames(own)),
        ...unreadNorm(own.vision, "model.vision_model."),
      ]),
      json: {
        "config.json": { ...ideficsJson(own, limits.maximumTokens), ...ids },
        "preprocessor_config.json": { ...pixels, processor_class: "IdeficsProcessor" },
        ...tokenizerFiles(tokenizer, marks, "llama"),
      },
      notes: [],
    },
  ];
}

function unsayableKinds(config: FlamingoFile): Unsayable[] {
  const { language, vision } = config;
  return [
    ...(vision.kind === "clip-vit" ? [] : unsayableVision(config)),
    ...(language.kind === "transformer"
      ? []
      : [{ field: "language.kind", found: language.kind, format: "only transformer" }]),
  ];
}

function unsayableSizes(config: FlamingoFile & IdeficsConfig): Unsayable[] {
  const read = explicit(ideficsConfig(ideficsJson(config, config.limits.maximumTokens), "the export"));
  const own = explicit(config);
  return (["vision", "language", "resampler", "gated", "ownTokens"] as const).flatMap((part) =>
    differences(own[part], read[part], part),
  );
}
