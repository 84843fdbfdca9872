/** A program of the user's that judges records: whatever it does, there is a verdict of it or an error. */
import { describe, expect, it } from "vitest";
import { SafetyProgram } from "../../../src/data/web/safety.js";

const record = { id: "a", text: "x".repeat(200_000), media: [], about: {} };

/** What the program said of two records, or what was said of it. */
async function judged(command: string): Promise<unknown[]> {
  await using program = new SafetyProgram(command, 500);
  const said: unknown[] = [];
  for (let n = 0; n < 2; n++)
    try {
      said.push((await program.judge(record)).keep);
    } catch (error) {
      said.push((error as Error).message.split("\n")[0]!.replace(command, "it"));
    }
  return said;
}

describe("a program that judges", { timeout: 20_000 }, () => {
  it("answers each record with a line", async () => {
    expect(await judged(`while read line; do echo '{"keep": true}'; done`)).toEqual([true, true]);
  });

  it.each([
    ["is silent, and does not end with its input", "sleep 15 | cat", /^it was silent for 500 ms at record a/],
    ["ends", "exit 3", /^it ended with code 3 at record a/],
    ["writes without an end of a line", "yes | tr -d '\\n'", /^it wrote 1048576 characters without/],
  ])("that %s is an error, and holds nobody up", async (_, command, error) => {
    const began = performance.now();
    expect((await judged(command))[0]).toMatch(error);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("that says more than it was asked is an error: the next record would be given its verdict", async () => {
    const said = await judged(`read line; printf '{"keep": true}\\n{"keep": false}\\n'; cat >/dev/null`);
    expect(said).toEqual([true, expect.stringMatching(/^it said more than was asked before record a: .*false/)]);
  });

  it("has answered at its line feed, whatever stands in the answer that ends lines elsewhere", async () => {
    const answer = '{"keep":false,\\r"reason":"a\\u2028b"}\\n';
    await using program = new SafetyProgram(
      `node -e 'process.stdin.on("data", () => process.stdout.write(\`${answer}\`))'`,
    );
    expect(await program.judge({ ...record, text: "" })).toEqual({ keep: false, reason: "a\u2028b", without: [] });
  });
});
