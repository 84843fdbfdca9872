/** What `config.json` says of a language model, by kind. */
import { z } from "zod";

const count = z.number().int().positive();
/**
 * How many blocks, of which the deepest models have some hundreds: tensors are listed before they are looked for, and a
 * number that is wrong must not fill the memory.
 */
export const depth = count.max(4096);
const whole = z.number().int().nonnegative();
const factor = z.number().positive();

const PRIMER = z.strictObject({
  kind: z.literal("primer"),
  vocabulary: count,
  width: count,
  layers: depth,
  heads: count,
  hidden: count,
  taps: count,
});

const TRANSFORMER = z.strictObject({
  kind: z.literal("transformer"),
  vocabulary: count,
  added: whole,
  width: count,
  layers: depth,
  heads: count,
  keyHeads: count,
  headDim: count,
  hidden: count,
  norm: z.strictObject({ kind: z.enum(["layer", "rms"]), epsilon: factor, offset: z.boolean() }),
  order: z.enum(["before", "after", "parallel"]),
  lastNorm: z.boolean(),
  positions: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("learned"), rows: count, first: whole }),
    z.strictObject({ kind: z.literal("linear"), steepest: factor }),
    z.strictObject({ kind: z.literal("rotary"), base: factor, turning: count.multipleOf(2) }),
    z.strictObject({ kind: z.literal("relative"), base: factor }),
  ]),
  queryKeyNorm: z.enum(["none", "width", "head"]),
  offsets: z.strictObject({ queryKeyValue: z.boolean(), output: z.boolean(), feedForward: z.boolean() }),
  activation: z.enum(["gelu", "geluTanh", "relu", "swiglu"]),
  head: z.enum(["tied", "own", "own with offset"]),
  embeddingWidth: count.optional(),
  embeddingScale: factor.optional(),
  clip: factor.optional(),
  scoreScale: factor.optional(),
  logitScale: factor.optional(),
});

/** A language model's configuration, its fields in agreement with one another. */
export const LANGUAGE = z.discriminatedUnion("kind", [PRIMER, TRANSFORMER]).superRefine((config, context) => {
  const fault = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
  if (config.kind === "primer") {
    if (config.width % config.heads !== 0)
      fault("heads", `${config.heads} heads do not divide a width of ${config.width}`);
    return;
  }
  const { heads, keyHeads, headDim, positions, width } = config;
  if (heads % keyHeads !== 0) fault("keyHeads", `${keyHeads} heads of keys cannot be shared by ${heads} heads`);
  if (positions.kind === "rotary" && positions.turning > headDim)
    fault("positions", `${positions.turning} of the ${headDim} channels of a head are to turn`);
  if (positions.kind === "relative" && width % 2 !== 0)
    fault("width", `${width} channels have no two halves of sinusoids`);
});
