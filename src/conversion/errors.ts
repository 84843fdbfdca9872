/** What can be wrong with a checkpoint that is brought in from elsewhere. */
import { FlamingoError } from "../errors.js";
import type { Missing } from "./report.js";
import type { Unsayable } from "./sayable.js";

/** Tensors of a checkpoint that are missing, or of other sizes than its configuration says. Nothing was written. */
export class ImportError extends FlamingoError {
  readonly code = "CONVERSION_WEIGHTS";
}

/** A configuration of a family that is not known, or that says what ours cannot. */
export class FamilyError extends FlamingoError {
  readonly code = "CONVERSION_FAMILY";
}

const TOLD = 20;

/** A list of faults, the first of them told. */
export function list(lines: readonly string[]): string {
  const told = lines.slice(0, TOLD).map((line) => `\n  - ${line}`);
  return told.join("") + (lines.length > TOLD ? `\n  - and ${lines.length - TOLD} more` : "");
}

/** @param missing  those that were not allowed to be */
export function missingError(missing: readonly Missing[]): ImportError {
  const lines = missing.map(
    ({ ours, theirs, place, expected }) => `${theirs} [${expected.join(", ")}] is not in ${place}; it is ${ours} here`,
  );
  return new ImportError(
    `${missing.length} tensor${missing.length === 1 ? " is" : "s are"} missing:${list(lines)}`,
    `give the whole checkpoint, or allow each one by name: --allow-missing ${missing[0]!.ours}`,
  );
}

/** A model that a format has no words for. Nothing was written. */
export class ExportError extends FlamingoError {
  readonly code = "CONVERSION_EXPORT";
}

/** @param format  what the format is called */
export function unsayableError(model: string, format: string, unsayable: readonly Unsayable[]): ExportError {
  const lines = unsayable.map(({ field, found, format: has }) => {
    const there = found === undefined ? "not there" : JSON.stringify(found);
    const wanted = has === undefined ? "none" : `${has}`.startsWith("only ") ? has : JSON.stringify(has);
    return `${field} is ${there}; the format has ${wanted}`;
  });
  return new ExportError(
    `${model} cannot be said in the format of ${format}:${list(lines)}`,
    "export it with --format onnx, which says any model, or make one whose configuration has these fields as the format has them",
  );
}
