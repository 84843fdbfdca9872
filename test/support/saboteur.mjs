/** Loaded before a command: ends every thread it starts, in the way that SABOTAGE says, a while after it began. */
import { isMainThread } from "node:worker_threads";

const WAYS = {
  throw: () => {
    throw new TypeError("torn away");
  },
  exit: () => process.exit(3),
};
if (!isMainThread) setTimeout(WAYS[process.env.SABOTAGE], 300);
