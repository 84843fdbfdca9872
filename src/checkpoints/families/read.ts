/** Reads a foreign `config.json` field by field: every fault told at once, and what is not supported by name. */
import { z } from "zod";
import type { TransformerConfig } from "../../model/language/transformer-config.js";
import { ForeignConfigError } from "./errors.js";

export const count = z.number().int().positive();

/**
 * What a configuration says, other fields left aside.
 * @throws {ForeignConfigError} with every field that is missing or of another kind
 */
export function readConfig<Shape extends z.ZodRawShape>(shape: Shape, json: unknown, place: string) {
  const parsed = z.object(shape).safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`);
  throw new ForeignConfigError(
    `config.json of ${place} cannot be read: ${faults.join("; ")}.`,
    "mend these fields, or take the file from the published model again",
  );
}

/** Fields that a model may only have with the values it has here, by name: what it says, and what is supported. */
export function supported(
  place: string,
  fields: Readonly<Record<string, readonly [found: unknown, only: unknown]>>,
): void {
  const faults = Object.entries(fields)
    .filter(([, [found, only]]) => found !== only)
    .map(
      ([name, [found, only]]) => `${name} is ${JSON.stringify(found)} where only ${JSON.stringify(only)} is supported`,
    );
  if (faults.length > 0)
    throw new ForeignConfigError(
      `The model of ${place} is of a variant that is not supported: ${faults.join("; ")}.`,
      "take a checkpoint of the family without it",
    );
}

/** How rotary positions are told: fields of their own, or together, as transformers 5 saves them. */
export const ROTARY = {
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.unknown().optional(),
  rope_parameters: z
    .object({
      rope_type: z.string().default("default"),
      rope_theta: z.number().positive().optional(),
      partial_rotary_factor: z.number().positive().max(1).optional(),
    })
    .nullish(),
};

/**
 * The base of rotary positions, if it is told.
 * @throws {ForeignConfigError} if angles are to be stretched for longer texts: numbers would silently be others
 */
export function rotaryBase(own: z.infer<z.ZodObject<typeof ROTARY>>, place: string): number | undefined {
  supported(place, {
    rope_scaling: [own.rope_scaling ?? null, null],
    "rope_parameters.rope_type": [own.rope_parameters?.rope_type ?? "default", "default"],
  });
  return own.rope_parameters?.rope_theta ?? own.rope_theta;
}

/** Quotients that must be whole: channels of a head, of heads side by side. */
export function divided(total: number, parts: number, what: string, place: string): number {
  if (total % parts === 0) return total / parts;
  throw new ForeignConfigError(
    `config.json of ${place}: ${total} ${what} cannot be divided into ${parts}.`,
    "mend the two fields, or take the file from the published model again",
  );
}

const ACTIVATIONS: Readonly<Record<string, TransformerConfig["activation"]>> = {
  gelu: "gelu",
  gelu_new: "geluTanh",
  gelu_pytorch_tanh: "geluTanh",
  gelu_fast: "geluTanh",
  relu: "relu",
};

/** An activation by the name that configurations of transformers use. */
export function activation(name: string, place: string): TransformerConfig["activation"] {
  const found = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (found !== undefined) return found;
  throw new ForeignConfigError(
    `config.json of ${place} names the activation ${JSON.stringify(name)}; ${Object.keys(ACTIVATIONS).join(", ")} are known.`,
    "take a checkpoint with one of these",
  );
}

/** The name that configurations of transformers use for an activation; the first of several. */
export function activationName(wanted: TransformerConfig["activation"]): string {
  return Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name] === wanted) ?? wanted;
}
