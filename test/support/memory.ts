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
 * MiB that the process grows by over a third of many rounds: the second or the last, whichever grew less. What the first
 * costs, such as code that is compiled, is not counted, and arenas that find their size do so in one of the others; what is
 * never given back grows in both.
 */
export async function growthOverAThird(rounds: number, round: (i: number) => Promise<unknown>): Promise<number> {
  const marks: number[] = [];
  for (let i = 0; i < rounds; i++) {
    if (i === Math.floor(rounds / 3) || i === Math.floor((2 * rounds) / 3)) marks.push(await residentMiB());
    await round(i);
  }
  const [first, second] = marks as [number, number];
  return Math.min(second - first, (await residentMiB()) - second);
}

async function residentMiB(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage.rss() / 2 ** 20;
}
