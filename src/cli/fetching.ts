/** Downloads from the hub, as a person sees them come. */
import { inUnits } from "../checkpoints/hub/disk.node.js";
import type { FetchEvent } from "../checkpoints/hub/events.js";
import type { Io } from "./io.js";
import { inWords, progressOn } from "./progress.js";

/** What `fetchRepository` is given as `onProgress`, until the end. */
export interface Fetching {
  readonly tell: (event: FetchEvent) => void;
  /** Ends the line that is written over. To be called on every way out. */
  end(): void;
}

/** A line is written over so often, and speed is measured over so long. */
const LINE_MS = 100;
const SPEED_MS = 5000;

/**
 * Tells on the error output what is fetched: at a terminal in one line that is written over, elsewhere a line for every
 * tenth of the whole and every file.
 * @param now  milliseconds, from any beginning
 */
export function tellFetching(io: Io, now: () => number = () => performance.now()): Fetching {
  const progress = progressOn(io);
  let told = Number.NEGATIVE_INFINITY;
  let tenth = 0;
  /** Where it stood a while ago; only what came since then tells the speed. */
  let past: { at: number; done: number }[] = [];

  const line = (text: string) => {
    progress.end();
    io.err(`${text}\n`);
  };

  function come({ path, done, size, doneOfAll, sizeOfAll }: FetchEvent & { kind: "progress" }) {
    const at = now();
    const tenthNow = Math.floor((10 * doneOfAll) / sizeOfAll);
    const milestone = tenthNow > tenth;
    if (at - told < LINE_MS && !milestone) return;
    told = at;
    tenth = tenthNow;
    // What was damaged begins anew.
    if (past.at(-1) !== undefined && doneOfAll < past.at(-1)!.done) past = [];
    past = [...past.filter((mark) => at - mark.at <= SPEED_MS), { at, done: doneOfAll }];
    const first = past[0]!;
    const perMs = at > first.at ? (doneOfAll - first.done) / (at - first.at) : 0;
    const speed =
      perMs > 0 ? `  ${inUnits(Math.round(1000 * perMs))}/s  ${inWords((sizeOfAll - doneOfAll) / perMs)} left` : "";
    const all = sizeOfAll > size ? `  of all ${inUnits(doneOfAll)} / ${inUnits(sizeOfAll)}` : "";
    progress.tell(`${path}  ${inUnits(done)} / ${inUnits(size)}${all}${speed}`, milestone);
  }

  return {
    tell(event) {
      switch (event.kind) {
        case "progress":
          return come(event);
        case "listed":
          return line(listed(event));
        case "resumed":
          return line(`${event.path}: goes on where it was interrupted, at ${inUnits(event.from)}`);
        case "restarted":
          return line(`${event.path}: from the beginning, since ${event.problem}`);
        case "fetched":
          return line(`${event.path}  ${inUnits(event.size)}, verified`);
        case "retry":
          return line(`${event.problem} Again in ${inWords(event.waitMs)}.`);
        case "waiting":
          return line(`${event.path}: another process downloads it; waiting for that`);
      }
    },
    end: progress.end,
  };
}

function listed({ source, commit, files, present, asked }: FetchEvent & { kind: "listed" }): string {
  const what = `${source} at ${commit.slice(0, 12)}: ${files} file${files === 1 ? "" : "s"}`;
  if (present < files) return `${what}${present > 0 ? `, ${present} of them in the cache` : ""}`;
  return `${what}, all in the cache${asked ? "" : "; the network was not asked"}`;
}
