/** An object in a thread, for the test of threads: it counts, blocks, and fails in every way there is. */
import { UsageError } from "../../dist/errors.js";
import { serve } from "../../dist/runtime/thread.node.js";

serve(async ({ start, refuse, openingMs }) => {
  if (refuse !== undefined) throw new UsageError(refuse, "ask for less");
  if (openingMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, openingMs);
  let count = start;
  const add = (by) => {
    count += by;
    return count;
  };
  return {
    add,
    addLater: async (by) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return add(by);
    },
    // As a native call does: nothing else happens in this thread meanwhile.
    addBlocking: (by, gate) => {
      Atomics.wait(gate, 0, 0, 10_000);
      return add(by);
    },
    fill: (numbers) => numbers.fill(7),
    fail: () => {
      throw new UsageError("no such count", "count from 0", { cause: new TypeError("not a count") });
    },
    break: () => {
      throw new TypeError("not a count");
    },
    throwNothing: () => {
      throw Object.create(null);
    },
    giveFunction: () => () => count,
    die: () => process.exit(3),
    dieLater: () =>
      new Promise(() => {
        setTimeout(() => {
          throw new TypeError("thrown by a timer");
        });
      }),
    rejectAlone: () =>
      new Promise(() => {
        void Promise.reject(new TypeError("rejected alone"));
      }),
    hoard: () => {
      const hoard = [];
      for (;;) hoard.push(new Array(10_000).fill(hoard.length + 0.5));
    },
  };
});
