import { expect, it } from "vitest";
import { SafetyProgram } from "../../../src/data/web/safety.js";
import { madeRecord } from "../records.js";

it("an answer ends at its line feed, whatever stands in it that ends lines elsewhere", async () => {
  const answer = '{"keep":false,\\r"reason":"a\\u2028b"}\\n';
  await using program = new SafetyProgram(
    `node -e 'process.stdin.on("data", () => process.stdout.write(\`${answer}\`))'`,
  );
  expect(await program.judge(madeRecord("a", 1))).toEqual({ keep: false, reason: "a\u2028b", without: [] });
});
