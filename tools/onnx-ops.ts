/**
 * Writes an `.onnx` file for every case of every op, with sizes known and unknown, its gradients in it where there are
 * any, for `tools/reference/onnx_files.py` to hold against ONNX's checker and against ONNX Runtime in Python:
 * `npm run programs && node build/tools/onnx-ops.js FOLDER`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ARRAYS, type DType } from "../src/graph/dtype.js";
import { GraphError, gradients, graph, mul, OPS, type OpName, sum, type Value, writeOnnx } from "../src/graph/index.js";
import { portable, type Tensor } from "../src/runtime/contract.js";
import { nodeRuntime } from "../src/runtime/onnx.node.js";
import { CASES } from "../test/graph/cases.js";
import { type Case, open } from "../test/graph/filled.js";
import type { Numbers } from "../test/support/numbers.js";

const folder = process.argv[2];
if (folder === undefined) throw new Error("give the folder to write into");
mkdirSync(folder, { recursive: true });

/** A case with its gradients; undefined where its sizes must be known, or cannot cross to Python. */
function withGradients(name: OpName, given: Case, symbolic: boolean) {
  try {
    const { inputs, feeds, result } = open(name, given, symbolic);
    const sloped = [...inputs.values()].filter(({ dtype }, i) => dtype === "float32" && !given.flat?.includes(i));
    const slopes = "none" in OPS[name].gradient || result.dtype !== "float32" ? [] : gradients(lossOf(result), sloped);
    const named = Object.fromEntries(slopes.map((slope, i) => [`slope ${i}`, slope]));
    const built = graph({ result, ...named });
    return [...inputs.values()].some(({ dtype }) => dtype === "float16")
      ? undefined
      : { built, feeds, onnx: writeOnnx(built, new Map()) };
  } catch (error) {
    if (symbolic && error instanceof GraphError) return undefined;
    throw error;
  }
}

const lossOf = (y: Value) => (y.axes.length === 0 ? mul(y, y) : sum(mul(y, y), [...y.axes.keys()]));
const fed = ({ shape, data }: Numbers, dtype: DType): Tensor => ({
  shape,
  data: dtype === "int64" ? BigInt64Array.from(data, BigInt) : ARRAYS[dtype as "float32"].from(data),
});
const plain = (data: ArrayLike<number | bigint>, shape: readonly number[], dtype: string) => ({
  dtype,
  shape,
  data: Array.from(data, Number),
});

let count = 0;
for (const name of Object.keys(OPS) as OpName[])
  for (const [i, given] of CASES[name].entries())
    for (const sizes of ["known", "unknown"]) {
      const found = withGradients(name, given, sizes === "unknown");
      if (found === undefined) continue;
      const { built, feeds, onnx } = found;
      await using program = await nodeRuntime.compile(portable(built, new Map()), { threads: 1 });
      const inputs = [...built.inputs].map(([key, { dtype }]) => [key, fed(feeds.get(key)!, dtype), dtype] as const);
      const outputs = await program.run(Object.fromEntries(inputs.map(([key, tensor]) => [key, tensor])));
      const path = join(folder, `${name}-${i}-${sizes}.onnx`);
      writeFileSync(path, onnx);
      const kept = {
        inputs: Object.fromEntries(inputs.map(([key, { data, shape }, dtype]) => [key, plain(data, shape, dtype)])),
        outputs: Object.fromEntries(
          [...built.outputs].map(([key, { dtype }]) => [key, plain(outputs[key]!.data, outputs[key]!.shape, dtype)]),
        ),
      };
      writeFileSync(`${path}.json`, `${JSON.stringify(kept)}\n`);
      count++;
    }
console.log(`${count} files in ${folder}`);
