/** How far something has come, for people: one line written over at a terminal, a line now and then elsewhere. */
import { inUnits } from "../checkpoints/hub/disk.node.js";
import type { Io } from "./io.js";

/** A line of progress. */
export interface Progress {
  /** @param milestone  whether the line is worth keeping where lines cannot be written over */
  tell(line: string, milestone: boolean): void;
  /** Ends the line; what is written next stands below it. */
  end(): void;
}

/** Progress on the error output, so that results stay alone on the other. */
export function progressOn(io: Io): Progress {
  let open = false;
  return {
    tell(line, milestone) {
      if (io.terminal.err) {
        io.err(`\r\x1b[2K${line}`);
        open = true;
      } else if (milestone) io.err(`${line}\n`);
    },
    end() {
      if (open) io.err("\n");
      open = false;
    },
  };
}

/** A time in words, as exact as one cares: `45 s`, `12 min`, `3 h 20 min`. */
export function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Told of bytes, it tells of them: a line for every tenth of the whole. */
export function tellWriting(io: Io, place: string): { tell(done: number, of: number): void; end(): void } {
  const progress = progressOn(io);
  let tenth = 0;
  return {
    tell(done, of) {
      const now = Math.floor((10 * done) / of);
      progress.tell(`writing ${place}  ${inUnits(done)} / ${inUnits(of)}`, now > tenth);
      tenth = now;
    },
    end: () => progress.end(),
  };
}
