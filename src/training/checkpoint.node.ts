/** A training's state in one file: trained parameters, both moments of each, and the step. */
import { access } from "node:fs/promises";
import { writeAtomically } from "../atomic.node.js";
import type { Tensor } from "../checkpoints/safetensors.js";
import { readSafetensorsFile } from "../checkpoints/safetensors.node.js";
import { safetensorsPieces } from "../checkpoints/safetensors-write.js";
import { FlamingoError } from "../errors.js";
import type { TrainedParameter } from "./trainer.worker.js";

export interface Checkpoint {
  /** Name of the run page. */
  readonly run: string;
  /** The last step taken. */
  readonly step: number;
  readonly parameters: readonly TrainedParameter[];
}

/** Thrown when a checkpoint does not belong to the run that wants to go on from it. */
export class CheckpointError extends FlamingoError {
  readonly code = "TRAINING_CHECKPOINT";
}

const KEPT = ["data", "first", "second"] as const;
const tensorName = (kept: (typeof KEPT)[number], path: string) => `${kept} ${path}`;

/** Writes a checkpoint; whatever happens, the file at `path` is a whole one. */
export async function writeCheckpoint(path: string, { run, step, parameters }: Checkpoint): Promise<void> {
  const tensors = new Map<string, Tensor>();
  for (const parameter of parameters)
    for (const kept of KEPT)
      tensors.set(tensorName(kept, parameter.path), { shape: parameter.shape, data: parameter[kept] });
  await writeAtomically(path, safetensorsPieces(tensors, { dtype: "F32", metadata: { run, step: `${step}` } }));
}

/**
 * Reads a checkpoint for the parameters a run trains.
 * @returns  undefined when there is none
 * @throws {CheckpointError} for a checkpoint of another run or other parameters
 */
export async function readCheckpoint(
  path: string,
  run: string,
  wanted: readonly TrainedParameter[],
): Promise<Checkpoint | undefined> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const { tensors, metadata } = await readSafetensorsFile(path);
  if (metadata.run !== run)
    throw new CheckpointError(
      `${path} is a checkpoint of ${metadata.run ?? "nothing known"}, not of ${run}`,
      "resume into the folder of the same run",
    );
  const parameters = wanted.map((parameter): TrainedParameter => {
    const read = (kept: (typeof KEPT)[number]) => {
      const found = tensors.get(tensorName(kept, parameter.path));
      if (!(found?.data instanceof Float32Array) || `${found.shape}` !== `${parameter.shape}`)
        throw new CheckpointError(
          `${path} has ${found === undefined ? "no" : `a [${found.shape}]`} ${parameter.path}; the run trains one of [${parameter.shape}]`,
          "the run page changed since: start anew in another folder",
        );
      return found.data;
    };
    return { ...parameter, data: read("data"), first: read("first"), second: read("second") };
  });
  return { run, step: Number(metadata.step), parameters };
}
