/** Saved tensors become the parameters of a model. */
import { type Quantisation, quantisedShapes } from "../graph/index.js";
import { mapParameters, type Parameter, type Quantised, type Stored, sizeOf, storedIn } from "../nn/parameters.js";
import { quantisedParameter, schemeOf } from "../nn/quantised.js";
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
 * set anew. Where the file has `PATH.packed` and `PATH.scales` for a matrix, it is a frozen one held in few bits. Either everything is filled or nothing.
 *
 * @throws {WeightsMismatchError} with every tensor that is missing, too many, of another shape or not finite: a model
 *   half loaded answers, but nonsense.
 */
export function fill<Params>(tree: Params, tensors: ReadonlyMap<string, Tensor>, options: FillOptions = {}): Params {
  const held = heldIn(tree, (name) => {
    const found = tensors.get(name);
    return found?.data instanceof Uint8Array ? found.shape : undefined;
  });
  const stored = storedIn(held);
  const faults = faultsOf(stored, tensors, options.ignore ?? (() => false));
  if (faults.length > 0) throw new WeightsMismatchError(faults);
  for (const [path, { data }] of stored) data.set(tensors.get(path)!.data);
  const { trained } = options;
  if (trained === undefined) return held;
  return mapParameters(held, (parameter, path) =>
    parameter.quantised === undefined ? { ...parameter, trained: trained(path, parameter) } : parameter,
  ) as Params;
}

/**
 * A tree as a file holds it: where the file has packed numbers that fit a matrix, that is a frozen one in few bits. Its arrays
 * are made when they are asked for, so that a graph can be bound to a file whose weights the engine reads itself.
 * @param packedShape  the sizes of a tensor of bytes of that name, undefined if the file has none
 */
export function heldIn<Params>(tree: Params, packedShape: (name: string) => readonly number[] | undefined): Params {
  return mapParameters(tree, (parameter, path) => {
    const packed = packedShape(`${path}.packed`);
    const scheme = packed === undefined ? undefined : schemeOf(parameter.shape, packed);
    return scheme === undefined
      ? parameter
      : quantisedParameter(parameter.shape as [number, number], unread(parameter, scheme));
  }) as Params;
}

/** A matrix in few bits whose numbers nobody has read: zeros, once somebody asks. */
function unread({ shape }: Parameter, scheme: Quantisation): Quantised {
  const shapes = quantisedShapes(shape as [number, number], scheme);
  let packed: Uint8Array | undefined;
  let scales: Float32Array | undefined;
  return {
    ...scheme,
    get packed() {
      packed ??= new Uint8Array(sizeOf(shapes.packed));
      return packed;
    },
    get scales() {
      scales ??= new Float32Array(sizeOf(shapes.scales));
      return scales;
    },
  };
}

function faultsOf(
  parameters: ReadonlyMap<string, Stored>,
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
