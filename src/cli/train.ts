/** `flamingo train`: runs a page, shows how it goes, and stops where it can go on from. */
import { join } from "node:path";
import { readSafetensorsHeader } from "../checkpoints/safetensors.node.js";
import { FlamingoError, UsageError } from "../errors.js";
import { type LogLine, type LoopOptions, train as runLoop } from "../training/loop.node.js";
import type { Run, RunOptions } from "../training/run.js";
import { RUNS } from "../training/runs/index.js";
import { INTERRUPTED, listenForInterruption } from "./interruption.js";
import type { Io } from "./io.js";
import { inWords, type Progress, progressOn } from "./progress.js";
import { grouped, table } from "./table.js";

/** Options of pages that are options of the command as well; any other is given with `--set`. */
export const PAGE_OPTIONS = ["omniglot", "language", "vision"] as const;

export interface TrainFlags extends Readonly<Partial<Record<(typeof PAGE_OPTIONS)[number], string>>> {
  readonly list?: boolean;
  readonly out?: string;
  readonly steps?: number;
  readonly resume?: boolean;
  readonly checkpointEvery?: number;
  readonly threads?: number;
  readonly set?: RunOptions;
}

/** A folder with a training in it, which a new one would overwrite. */
export class TrainingThereError extends FlamingoError {
  readonly code = "CLI_TRAINING_THERE";
}

/** Steps between lines of progress where there is no terminal. */
const LINE_EVERY = 20;

/**
 * Trains. An interruption (Ctrl-C, or the termination signal) finishes the step and writes a checkpoint; a second one
 * ends the process at once.
 * @throws {UsageError} for a page or an option that there is not
 * @throws {TrainingThereError} for a folder with a training, unless `--resume` is given
 */
export async function train([name]: readonly string[], flags: TrainFlags, io: Io): Promise<number> {
  if (flags.list) {
    io.out(listOfPages());
    return 0;
  }
  const run = pageCalled(name);
  const { out } = flags;
  if (out === undefined) throw new UsageError("There is no place for the training.", "name a folder with --out");
  const options = optionsFor(run, flags);
  const there = await stepReached(out);
  if (there !== undefined && !flags.resume)
    throw new TrainingThereError(
      `${out} holds a training that reached step ${there}.`,
      "go on from there with --resume, or choose another folder",
    );
  const steps = flags.steps ?? run.steps;
  io.err(`${run.name}: ${run.summary}\n`);
  if (flags.resume) io.err(there === undefined ? `No checkpoint in ${out} yet.\n` : `Going on after step ${there}.\n`);
  const progress = progressOn(io);
  const interruption = listenForInterruption(io, progress, "Finishing this step and writing a checkpoint");
  try {
    const loop: LoopOptions = {
      out,
      steps,
      run: options,
      signal: interruption.signal,
      onStep: reporter(progress, steps, there ?? 0),
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      ...(flags.checkpointEvery === undefined ? {} : { checkpointEverySeconds: flags.checkpointEvery }),
    };
    const reached = await runLoop(run, loop);
    progress.end();
    if (reached >= steps) {
      io.err(`Trained ${grouped(reached)} steps; the model is in ${join(out, "model")}.\n`);
      return 0;
    }
    io.err(`Stopped after step ${reached}. To go on:\n  ${commandToGoOn(run, flags)}\n`);
    return INTERRUPTED;
  } finally {
    progress.end();
    interruption.stopListening();
  }
}

function listOfPages(): string {
  return table(
    RUNS.map(({ name, summary, steps, accepts = {} }) => [
      name,
      [
        summary,
        `${grouped(steps)} steps`,
        ...Object.entries(accepts).map(([key, help]) => `--${isDirect(key) ? key : `set ${key}=`}  ${help}`),
        "",
      ].join("\n"),
    ]),
  );
}

function isDirect(key: string): key is (typeof PAGE_OPTIONS)[number] {
  return (PAGE_OPTIONS as readonly string[]).includes(key);
}

function pageCalled(name: string | undefined): Run {
  const run = RUNS.find((page) => page.name === name);
  if (run !== undefined) return run;
  const names = RUNS.map((page) => page.name).join(", ");
  throw new UsageError(
    name === undefined ? "There is no run page to train." : `There is no run page ${name}.`,
    `name one of ${names}; flamingo train --list tells what they do`,
  );
}

function optionsFor(run: Run, flags: TrainFlags): RunOptions {
  const given: Record<string, string> = { ...flags.set };
  for (const key of PAGE_OPTIONS) if (flags[key] !== undefined) given[key] = flags[key];
  const accepted = Object.keys(run.accepts ?? {});
  const unknown = Object.keys(given).filter((key) => !accepted.includes(key));
  if (unknown.length > 0)
    throw new UsageError(
      `The run page ${run.name} has no option ${unknown.join(", ")}.`,
      accepted.length === 0 ? "leave it out: the page has none" : `leave it out; the page has ${accepted.join(", ")}`,
    );
  return given;
}

/** The step of the checkpoint in a folder; undefined when there is none. */
async function stepReached(out: string): Promise<number | undefined> {
  const header = await readSafetensorsHeader(join(out, "checkpoint.safetensors")).catch((error: FlamingoError) => {
    if (error.code === "CHECKPOINT_FOLDER") return undefined;
    throw error;
  });
  return header === undefined ? undefined : Number(header.metadata.step ?? 0);
}

/** Tells each step: its loss, tokens a second, time of a step and time left, the times smoothed over some steps. */
function reporter(progress: Progress, steps: number, before: number): (line: LogLine) => void {
  let usual: number | undefined;
  return ({ step, loss, tokens, milliseconds }) => {
    usual = usual === undefined ? milliseconds : usual + (milliseconds - usual) / Math.min(step - before, LINE_EVERY);
    const perSecond = usual > 0 ? `${grouped((1000 * tokens) / usual)} tokens/s  ` : "";
    const line = `step ${grouped(step)}/${grouped(steps)}  loss ${loss.toFixed(4)}  ${perSecond}${Math.round(usual)} ms a step  ${inWords(usual * (steps - step))} left`;
    progress.tell(line, step === before + 1 || step % LINE_EVERY === 0 || step === steps);
  };
}

function commandToGoOn(run: Run, flags: TrainFlags): string {
  const valued = [
    ["out", flags.out],
    ["steps", flags.steps],
    ["checkpoint-every", flags.checkpointEvery],
    ["threads", flags.threads],
    ...PAGE_OPTIONS.map((key) => [key, flags[key]] as const),
    ...Object.entries(flags.set ?? {}).map(([key, value]) => ["set", `${key}=${value}`] as const),
  ] as const;
  const quoted = (value: string | number) => (/^[\w./=:@+-]+$/.test(String(value)) ? value : JSON.stringify(value));
  const options = valued.filter(([, value]) => value !== undefined).map(([key, value]) => `--${key} ${quoted(value!)}`);
  return ["flamingo train", run.name, ...options, "--resume"].join(" ");
}
