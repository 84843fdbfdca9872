/** NFNets as timm names them: `dm_nfnet_f0` to `f6`, the networks in DeepMind's form. */
import type { NfnetConfig } from "../../model/vision/nfnet.js";
import { kernel, type Layout, type NameRow, same, shaped, transposed } from "./table.js";

/** A gain [channels] that they keep beside the kernel, [channels, 1, 1, 1]. */
const gain = shaped(([channels]) => [channels!, 1, 1, 1]);

/** A matrix [in, out] that they keep as a convolution of one tap, [out, in, 1, 1]. */
const pointwise: Layout = (ours) => {
  const placing = transposed(ours);
  return { ...placing, theirs: [...placing.theirs, 1, 1] };
};

function standardised(ours: string, theirs: string): NameRow[] {
  return [
    { ours: `${ours}.weight`, theirs: `${theirs}.weight`, layout: kernel },
    { ours: `${ours}.gain`, theirs: `${theirs}.gain`, layout: gain },
    { ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: same },
  ];
}

function affine(ours: string, theirs: string): NameRow[] {
  return [
    { ours: `${ours}.weight`, theirs: `${theirs}.weight`, layout: pointwise },
    { ours: `${ours}.offset`, theirs: `${theirs}.bias`, layout: same },
  ];
}

/**
 * Every tensor of an NFNet.
 * @param ours  what our paths begin with
 */
export function nfnetNames({ stem, stages }: NfnetConfig, ours = "vision."): NameRow[] {
  const before = (stage: number) => (stage === 0 ? stem : stages[stage - 1]!.width);
  return [
    ...[0, 1, 2, 3].flatMap((i) => standardised(`${ours}stem.${i}`, `stem.conv${i + 1}`)),
    ...stages.flatMap(({ width, depth }, i) =>
      Array.from({ length: depth }, (_, j) => {
        const [own, theirs] = [`${ours}stages.${i}.${j}`, `stages.${i}.${j}`];
        const shortcut = j === 0 && (i > 0 || before(i) !== width);
        return [
          ...(shortcut ? standardised(`${own}.shortcut`, `${theirs}.downsample.conv`) : []),
          ...standardised(`${own}.narrow`, `${theirs}.conv1`),
          ...standardised(`${own}.spatial.0`, `${theirs}.conv2`),
          ...standardised(`${own}.spatial.1`, `${theirs}.conv2b`),
          ...standardised(`${own}.widen`, `${theirs}.conv3`),
          ...affine(`${own}.squeeze`, `${theirs}.attn_last.fc1`),
          ...affine(`${own}.excite`, `${theirs}.attn_last.fc2`),
          { ours: `${own}.branchGain`, theirs: `${theirs}.skipinit_gain`, layout: same },
        ];
      }).flat(),
    ),
    ...standardised(`${ours}head`, "final_conv"),
  ];
}

/** Whether a tensor of such a checkpoint is one that a tower has no use for: those of the classifier. */
export const nfnetSpare = (theirs: string): boolean => theirs.startsWith("head.");
