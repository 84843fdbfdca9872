/** A report as a table for people. */
import type { Report } from "./evaluate.node.js";
import type { Suite } from "./task.js";

/** One line of a measure: its name, percent right with the 95% interval, what chance gives, and what it is. */
export function reportText({ model, measures }: Report, suite: Suite): string {
  const rows = measures.map((measure) => {
    const task = suite.tasks.find(({ name }) => name === measure.name);
    if (measure.value === null) return [measure.name, "-", "", "", "", measure.reason];
    return [
      measure.name,
      percent(measure.value),
      `${percent(measure.low)} to ${percent(measure.high)}`,
      String(measure.episodes),
      task === undefined ? "" : percent(task.chance),
      task?.summary ?? "",
    ];
  });
  const all = [["measure", "right %", "95% interval", "episodes", "chance", ""], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [`${suite.name}: ${model}`, "", ...lines, ""].join("\n");
}

const percent = (share: number): string => (100 * share).toFixed(1);
