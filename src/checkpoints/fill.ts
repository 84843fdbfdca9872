/** Saved tensors become the parameters of a model. */
import { flatten, mapParameters, type Parameter } from "../nn/parameters.js";
import { type Fault, WeightsMismatchError } from "./errors.js";
import type { Tensor } from "./safetensors.js";

/** How a tree is filled. */
export interface FillOptions {
  /** Whether training may change a parameter; as the tree has it unless told. */
  readonly trained?: (path: string, parameter: Parameter) => boolean;
  /** Tensors that the model may leave aside. None unless told. */
  readonly ignore?: (name: string) => boolean;
}

/**
 * Copies saved tensors into the arrays of a freshly initialised tree, by dotted path, and gives the tree, with `trained`
 * set anew. Either everything is filled or nothing.
 *
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, of another shape or not finite: a model
 *   half loaded answers, but nonsense.
 */
export function fill<Params>(tree: Params, tensors: ReadonlyMap<string, Tensor>, options: FillOptions = {}): Params {
  const parameters = flatten(tree);
  const faults = faultsOf(parameters, tensors, options.ignore ?? (() => false));
  if (faults.length > 0) throw new WeightsMismatchError(faults);
  for (const [path, { data }] of parameters) data.set(tensors.get(path)!.data);
  const { trained } = options;
  if (trained === undefined) return tree;
  return mapParameters(tree, (parameter, path) => ({ ...parameter, trained: trained(path, parameter) })) as Params;
}

function faultsOf(
  parameters: ReadonlyMap<string, Parameter>,
  tensors: ReadonlyMap<string, Tensor>,
  ignore: (name: string) => boolean,
): Fault[] {
  const faults: Fault[] = [];
  for (const [name, { shape: expected }] of parameters) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      faults.push({ kind: "missing", name, expected });
      continue;
    }
    const { shape: found, data } = tensor;
    if (found.length !== expected.length || found.some((size, axis) => size !== expected[axis]))
      faults.push({ kind: "shape", name, expected, found });
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) faults.push({ kind: "value", name, value: data[at]!, at });
  }
  for (const [name, { shape: found }] of tensors)
    if (!parameters.has(name) && !ignore(name)) faults.push({ kind: "extra", name, found });
  return faults;
}
