/** Memory of this process, for tests of what is given back. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Finds what nobody holds, here and in what waits to be told of it. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * MiB that the process grows by over the second half of many rounds: what the first one costs, such as code that is
 * compiled and arenas that find their size, is not counted.
 */
export async function growthOverSecondHalf(rounds: number, round: (i: number) => Promise<unknown>): Promise<number> {
  let middle = 0;
  for (let i = 0; i < rounds; i++) {
    if (i === rounds / 2) middle = await residentMiB();
    await round(i);
  }
  return (await residentMiB()) - middle;
}

async function residentMiB(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage.rss() / 2 ** 20;
}
