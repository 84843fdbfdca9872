/** What can be wrong with files of weights and with the folders they stand in. */
import { FlamingoError } from "../errors.js";

/** A safetensors file that is cut off or contradicts itself. */
export class SafetensorsError extends FlamingoError {
  readonly code = "CHECKPOINT_SAFETENSORS";

  constructor(problem: string, options?: ErrorOptions) {
    super(problem, "fetch or save the file again; nothing of it was used", options);
  }

  /** The same fault, told with the file it is in. */
  in(path: string): SafetensorsError {
    return new SafetensorsError(`${path}: ${this.problem}`, { cause: this });
  }
}

/** A file of PyTorch that is cut off or contradicts itself. */
export class TorchFileError extends FlamingoError {
  readonly code = "CHECKPOINT_TORCH";
}

/** A pickle that is damaged, or asks for anything but plain data and tensors. Nothing of a pickle is ever executed. */
export class PickleError extends FlamingoError {
  readonly code = "CHECKPOINT_PICKLE";
}

/** Numbers that may not be saved: not finite, or too large for the format asked for. */
export class UnsavableError extends FlamingoError {
  readonly code = "CHECKPOINT_UNSAVABLE";
}

/** A folder or file of a model that is not there, or not what it should be. */
export class ModelFolderError extends FlamingoError {
  readonly code = "CHECKPOINT_FOLDER";
}

/** Numbers that an ONNX file keeps in another file, which is not there, too short, or outside the folder. */
export class ExternalDataError extends FlamingoError {
  readonly code = "CHECKPOINT_EXTERNAL";
}

/** One way in which saved tensors are not a model's parameters. */
export type Fault =
  | { readonly kind: "missing"; readonly name: string; readonly expected: readonly number[] }
  | { readonly kind: "extra"; readonly name: string; readonly found: readonly number[] }
  | {
      readonly kind: "shape";
      readonly name: string;
      readonly expected: readonly number[];
      readonly found: readonly number[];
    }
  | { readonly kind: "value"; readonly name: string; readonly value: number; readonly at: number };

/** How many faults are told in the message; all of them are in `faults`. */
const TOLD = 50;

/** Saved tensors that are not the parameters of the model they are loaded into. Nothing was filled. */
export class WeightsMismatchError extends FlamingoError {
  readonly code = "CHECKPOINT_WEIGHTS";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const told = faults.slice(0, TOLD).map((fault) => `\n  - ${tell(fault)}`);
    const rest = faults.length > TOLD ? `\n  - and ${faults.length - TOLD} more` : "";
    const one = faults.length === 1;
    super(
      `${faults.length} tensor${one ? " does" : "s do"} not fit the model:${told.join("")}${rest}`,
      mendFor(faults),
    );
    this.faults = faults;
  }
}

function tell(fault: Fault): string {
  const shape = (axes: readonly number[]) => `[${axes.join(", ")}]`;
  switch (fault.kind) {
    case "missing":
      return `${fault.name} is missing; expected ${shape(fault.expected)}`;
    case "extra":
      return `${fault.name} ${shape(fault.found)} is not a parameter of the model`;
    case "shape":
      return `${fault.name} is ${shape(fault.found)}; expected ${shape(fault.expected)}`;
    case "value":
      return `${fault.name} holds ${fault.value} at element ${fault.at}`;
  }
}

function mendFor(faults: readonly Fault[]): string {
  const kinds = new Set(faults.map(({ kind }) => kind));
  const mends: string[] = [];
  if (kinds.has("missing") || kinds.has("extra"))
    mends.push(
      "use the config.json that was saved beside the weights, and convert weights of another family by its name table",
    );
  if (kinds.has("shape")) mends.push("make the sizes in the config those of the weights");
  if (kinds.has("value"))
    mends.push("take an earlier checkpoint: these numbers come of a diverged run or a damaged file");
  return mends.join("; ");
}
