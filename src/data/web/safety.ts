/** What may judge a record before it is kept: a function, or a program of the user's. */
import { type ChildProcess, spawn } from "node:child_process";
import { FlamingoError } from "../../errors.js";
import type { DataRecord } from "../record.js";

/** What is to become of a record. */
export interface SafetyVerdict {
  readonly keep: boolean;
  /** Counted in the report. */
  readonly reason?: string;
  /** Of a record that is kept: media to be taken out, by their numbers from 0. */
  readonly without?: readonly number[];
}

/** Judges records. What it throws ends the run: nothing unjudged is ever kept. */
export type Safety = (record: DataRecord) => Promise<SafetyVerdict>;

/** The program that judges records ended, was silent, or said what is no verdict. */
export class SafetyError extends FlamingoError {
  readonly code = "DATA_SAFETY";
}

const MEND =
  'see what the program wrote; it must answer each line of its input with a line such as {"keep": true} or {"keep": false, "reason": "..."}';

/** No verdict is longer, in characters. */
const LONGEST_ANSWER = 1 << 20;

/**
 * A program that reads on its standard input a line of JSON for each record, `{"id", "text", "about", "media": [{"at", "type",
 * "base64"}]}`, and answers each with a line of JSON, a `SafetyVerdict`.
 * @param command  as a shell takes it
 * @param timeoutMs  longest time for a record; a minute unless told
 */
export class SafetyProgram implements AsyncDisposable {
  readonly #command: string;
  readonly #timeoutMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** How it ended, once all that it wrote is here. */
  #end: string | undefined;
  /** What it wrote and nobody has taken. */
  #written = "";
  /** Told of everything that is written, and of the end. */
  #onNews = () => {};

  constructor(command: string, timeoutMs = 60_000) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
    this.#child = spawn(command, { shell: true, stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin!.on("error", () => undefined);
    this.#exited = new Promise((done) => this.#child.on("error", done).on("exit", done));
    const end = (how: string) => {
      this.#end ??= how;
      this.#onNews();
    };
    this.#child.on("error", (error) => end(error.message));
    this.#child.on("close", (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
    this.#child.stdout!.setEncoding("utf8").on("data", (piece: string) => {
      this.#written += piece;
      if (this.#written.length > LONGEST_ANSWER) this.#child.stdout!.pause();
      this.#onNews();
    });
  }

  readonly judge: Safety = async ({ id, text, about, media }) => {
    if (this.#written !== "")
      throw new SafetyError(`${this.#command} said more than was asked before record ${id}: ${this.#shown()}.`, MEND);
    const shown = media.map(({ at, files: [file] }) => ({
      at,
      type: file!.type,
      base64: Buffer.from(file!.bytes).toString("base64"),
    }));
    this.#child.stdin!.write(`${JSON.stringify({ id, text, about, media: shown })}\n`);
    let timer: NodeJS.Timeout | undefined;
    const heard = await new Promise<{ line: string } | { why: string }>((done) => {
      timer = setTimeout(() => done({ why: `was silent for ${this.#timeoutMs} ms` }), this.#timeoutMs);
      this.#onNews = () => {
        const lineEnd = this.#written.indexOf("\n");
        if (lineEnd >= 0) {
          done({ line: this.#written.slice(0, lineEnd) });
          this.#written = this.#written.slice(lineEnd + 1);
          this.#onNews = () => {};
        } else if (this.#written.length > LONGEST_ANSWER)
          done({ why: `wrote ${LONGEST_ANSWER} characters without an end of a line, ${this.#shown()}` });
        else if (this.#end !== undefined) done({ why: this.#end });
      };
      this.#onNews();
    });
    clearTimeout(timer);
    if ("why" in heard) throw new SafetyError(`${this.#command} ${heard.why} at record ${id}.`, MEND);
    return verdictOf(heard.line, this.#command, id);
  };

  #shown(): string {
    return JSON.stringify(this.#written.slice(0, 120));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 2000);
    await this.#exited;
    clearTimeout(timer);
    // What it started itself may live on and hold it open.
    this.#child.stdout!.destroy();
  }
}

function verdictOf(line: string, command: string, id: string): SafetyVerdict {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    json = undefined;
  }
  const { keep, reason, without } = (json ?? {}) as Partial<SafetyVerdict>;
  const numbers = without ?? [];
  if (typeof keep !== "boolean" || !Array.isArray(numbers) || !numbers.every((n) => Number.isInteger(n)))
    throw new SafetyError(`${command} answered ${JSON.stringify(line.slice(0, 120))} to record ${id}.`, MEND);
  return { keep, ...(typeof reason === "string" ? { reason } : {}), without: numbers };
}
