/** The rows of the paper's ablations that change the model: variations of Flamingo-3B, one field or two each. */
import { everyNth, type FlamingoConfig, type GatedConfig, type ResamplerConfig } from "../flamingo-parameters.js";
import { CLIP_VIT_L_14 } from "../vision/clip-vit.js";
import { NFNET_F0 } from "../vision/nfnet.js";
import { FLAMINGO_3B, RESAMPLERS } from "./flamingo.js";
import type { Preset } from "./preset.js";

/** Language blocks of Flamingo-3B. */
const DEPTH = 24;

const gated = (change: Partial<GatedConfig>): FlamingoConfig => ({
  ...FLAMINGO_3B,
  gated: { ...FLAMINGO_3B.gated, ...change },
});
const resampler = (change: Partial<ResamplerConfig>): FlamingoConfig => ({
  ...FLAMINGO_3B,
  resampler: { ...FLAMINGO_3B.resampler, ...change },
});

function row(
  name: string,
  table: "3" | "10",
  printedBillions: number,
  config: FlamingoConfig,
  derived?: string,
): readonly [string, Preset] {
  const source = `arXiv:2204.14198, table ${table}`;
  return [
    `flamingo-3b-${name}`,
    {
      config,
      source: derived === undefined ? source : `${source}; derived from its parameters: ${derived}`,
      printedBillions,
    },
  ];
}

/** By name. @source arXiv:2204.14198, tables 3 and 10 */
export const ABLATIONS: Readonly<Record<string, Preset>> = Object.fromEntries([
  row("no-gates", "3", 3.2, gated({ gate: "none" })),
  row("vanilla-xattn", "3", 2.4, gated({ kind: "vanilla" })),
  row("grafting", "3", 3.3, gated({ before: [], grafts: 20 }), "20 layers upon the language model"),
  row("single-in-the-middle", "3", 2.0, gated({ before: [DEPTH / 2] })),
  row("every-2nd", "3", 2.6, gated({ before: everyNth(DEPTH, 2) })),
  row("every-4th", "3", 2.3, gated({ before: everyNth(DEPTH, 4) })),
  row(
    "mlp-resampler",
    "3",
    3.2,
    resampler({ kind: "mlp", layers: 10 }),
    "10 layers, as many parameters as the resampler's",
  ),
  row("transformer-resampler", "3", 3.2, resampler({ kind: "transformer" })),
  row("clip-l14", "3", 3.1, { ...FLAMINGO_3B, vision: CLIP_VIT_L_14 }),
  row("nfnet-f0", "3", 2.9, { ...FLAMINGO_3B, vision: { ...NFNET_F0, size: 320 } }),
  row("small-resampler", "10", 3.1, resampler(RESAMPLERS.small), "width 1024, 8 heads"),
  row("large-resampler", "10", 3.4, resampler(RESAMPLERS.large), "width 2048, 32 heads"),
  row("attend-all", "10", 3.2, gated({ attend: "all" })),
]);
