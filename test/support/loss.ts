/** A scalar of any value, for its gradients. */
import { constant, mul, sum, type Value } from "../../src/graph/index.js";
import { Random } from "../../src/random.js";

/** The sum of all entries. */
export const total = (x: Value): Value => sum(x, [...x.axes.keys()]);

/** A scalar that every entry of a value moves by its own amount. */
export function anyLoss(value: Value): Value {
  const random = new Random("cotangent");
  const weights = Float32Array.from({ length: value.axes.reduce((p, { size }) => p * size!, 1) }, () =>
    random.normal(),
  );
  const weighed = mul(value, constant(weights, value.axes));
  return value.axes.length === 0 ? weighed : total(weighed);
}
