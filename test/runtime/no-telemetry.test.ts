import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const execute = promisify(execFile);
const ROOT = new URL("../../", import.meta.url);
let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "flamingo-quiet-"));
  for (const name of ["home", "temporary"]) await mkdir(join(place, name));
});
afterEach(() => rm(place, { recursive: true }));

/** What stands in the home and the temporary folder of a process when it has ended. */
async function leftBy(program: string, told?: string): Promise<string[]> {
  // No other variables: the engine is silent by itself where one says that this is a test on a server.
  const env = {
    PATH: process.env.PATH,
    HOME: join(place, "home"),
    TMPDIR: join(place, "temporary"),
    ...(told === undefined ? {} : { ORT_DISABLE_TELEMETRY: told }),
  };
  await execute(process.execPath, ["--input-type=module", "--eval", program], { cwd: ROOT, env });
  return (await readdir(place, { recursive: true })).filter((path) => !["home", "temporary"].includes(path)).sort();
}

const importing = (file: string) => `await import(${JSON.stringify(new URL(file, ROOT).href)})`;
const IN_A_THREAD = `const { openFlamingo } = ${importing("dist/index.js")};
  const model = await openFlamingo();
  await model.generate([{ text: "Output:" }], { maximumTokens: 1 });
  await model.close();`;
const IN_THIS_THREAD = `const { nodeRuntime } = ${importing("dist/runtime/index.node.js")};
  const { graph, input, axis, portable } = { ...${importing("dist/graph/index.js")}, ...${importing("dist/runtime/contract.js")} };
  const x = input("x", "float32", [axis("width", 1)]);
  await nodeRuntime.compile(portable(graph({ y: x }), new Map()));`;

describe.skipIf(process.platform === "win32")(
  "the engine, which collects what it runs for its maker unless told (not on Windows)",
  () => {
    it.each([
      ["a thread of its own", IN_A_THREAD],
      ["the calling thread", IN_THIS_THREAD],
    ])("tells nobody, and leaves no trace in the home or the temporary folder: in %s", async (_, program) => {
      expect(await leftBy(program)).toEqual([]);
    });

    it("does as it is told where somebody wants it", async () => {
      expect((await leftBy(IN_A_THREAD, "0")).some((path) => /mat-debug/.test(path))).toBe(true);
    });
  },
);
