/** Every quantised layer of a model, on the engine, against its own dequantised weights. */
import { axes, graph, input, matmul, type Value } from "../../src/graph/index.js";
import { bind } from "../../src/nn/layers.js";
import { flatten, mapParameters, type Parameter, storedIn } from "../../src/nn/parameters.js";
import { Random } from "../../src/random.js";
import { portable } from "../../src/runtime/contract.js";
import { nodeRuntime } from "../../src/runtime/onnx.node.js";

const ROWS = 5;

/**
 * For each quantised matrix of a tree by its path, how far its product with normal numbers is from that of `data`, its
 * dequantised numbers, in float64: the norm of the difference as a share of the norm of the product.
 */
export async function layerErrors(tree: unknown): Promise<Map<string, number>> {
  const quantised = new Map([...flatten(tree)].filter(([, parameter]) => parameter.quantised !== undefined));
  const layers = Object.fromEntries([...quantised].map(([path, leaf]) => [path, { x: numbers(path, leaf), leaf }]));
  const bound = mapParameters(Object.fromEntries(quantised), (leaf, path) => bind(leaf, path) as Value);
  const outputs = Object.fromEntries(
    Object.entries(bound as Record<string, Value>).map(([path, matrix]) => [
      `product ${path}`,
      matmul(input(`x ${path}`, "float32", axes(ROWS, matrix.axes[0]!)), matrix),
    ]),
  );
  await using program = await nodeRuntime.compile(portable(graph(outputs), storedIn(Object.fromEntries(quantised))));
  const found = await program.run(Object.fromEntries(Object.entries(layers).map(([path, { x }]) => [`x ${path}`, x])));
  return new Map(
    Object.entries(layers).map(([path, { x, leaf }]) => {
      const exact = product(x, leaf);
      const y = found[`product ${path}`]!.data as Float32Array;
      return [path, Math.hypot(...exact.map((wanted, i) => wanted - y[i]!)) / Math.hypot(...exact)];
    }),
  );
}

function numbers(path: string, { shape }: Parameter): Float32Array {
  const x = new Float32Array(ROWS * shape[0]!);
  new Random(path).normals(x, 1);
  return x;
}

function product(x: Float32Array, { shape, data }: Parameter): number[] {
  const [inner, outer] = shape as [number, number];
  return Array.from({ length: ROWS * outer }, (_, at) => {
    const [row, column] = [Math.floor(at / outer), at % outer];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * data[k * outer + column]!;
    return sum;
  });
}
