/** What can go wrong between the hub and the disk. */
import { FlamingoError } from "../../errors.js";

/** A source of published files that is no folder and no name of a repository. */
export class SourceError extends FlamingoError {
  readonly code = "HUB_SOURCE";
}

/** An environment variable of the hub (`HF_...`) or of a proxy that cannot be meant. */
export class HubSettingError extends FlamingoError {
  readonly code = "HUB_SETTING";
}

/** A repository that the hub shows only to some: it wants a token, or the one it got is not enough. */
export class HubAccessError extends FlamingoError {
  readonly code = "HUB_ACCESS";
}

/** A repository, a revision or a file that the hub does not have. */
export class HubNotFoundError extends FlamingoError {
  readonly code = "HUB_NOT_FOUND";
}

/** Files that are not on the disk while the network may not be asked. */
export class HubOfflineError extends FlamingoError {
  readonly code = "HUB_OFFLINE";
}

/** An answer that no hub gives: not the routes of the hub, or file names that lead out of the folder. */
export class HubAnswerError extends FlamingoError {
  readonly code = "HUB_ANSWER";
}

/** A file whose bytes are not those that were published. What came is deleted and was never seen under the file's name. */
export class HubIntegrityError extends FlamingoError {
  readonly code = "HUB_INTEGRITY";
  readonly file: string;
  /** What is compared. */
  readonly what: "size" | "sha256" | "git-blob";
  readonly expected: string;
  readonly found: string;

  constructor(file: string, what: HubIntegrityError["what"], expected: string, found: string) {
    const compared = { size: "size in bytes", sha256: "sha256", "git-blob": "git blob hash" }[what];
    super(
      `${file} came damaged and was deleted: its ${compared} is ${found}; published is ${expected}.`,
      "try again; if it comes back, a proxy or mirror (HF_ENDPOINT, HTTPS_PROXY) changes the file on its way",
    );
    this.file = file;
    this.what = what;
    this.expected = expected;
    this.found = found;
  }
}

/** A disk without space for what is to be downloaded. What has come is kept, and the next call goes on from there. */
export class DiskFullError extends FlamingoError {
  readonly code = "HUB_DISK_FULL";
}

/** A connection, server or proxy that failed, after every new try. */
export class HubNetworkError extends FlamingoError {
  readonly code = "HUB_NETWORK";
  /** Whether the same may succeed a moment later. */
  readonly passing: boolean;
  /** Milliseconds the server asks to wait, if it does. */
  readonly waitMs: number | undefined;

  constructor(
    problem: string,
    mend: string,
    { passing = false, waitMs, cause }: { passing?: boolean; waitMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(problem, mend, cause === undefined ? {} : { cause });
    this.passing = passing;
    this.waitMs = waitMs;
  }
}
