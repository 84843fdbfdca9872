/** An object in a thread, for the test of threads: it counts, and fails in several ways. */
import { UsageError } from "../../dist/errors.js";
import { serve } from "../../dist/runtime/thread.node.js";

serve(async ({ start, refuse }) => {
  if (refuse !== undefined) throw new UsageError(refuse, "ask for less");
  let count = start;
  return {
    add: (by) => {
      count += by;
      return count;
    },
    addLater: async (by) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      count += by;
      return count;
    },
    fill: (numbers) => numbers.fill(7),
    fail: () => {
      throw new UsageError("no such count", "count from 0");
    },
    break: () => {
      throw new TypeError("not a count");
    },
    die: () => process.exit(3),
  };
});
