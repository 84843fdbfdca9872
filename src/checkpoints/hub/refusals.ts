/** What an answer of the hub means that brings no file. */
import type { FlamingoError } from "../../errors.js";
import { HubAccessError, HubNetworkError, HubNotFoundError } from "./errors.js";
import { type HubSource, writtenSource } from "./source.js";

/** What was asked for. */
export interface Asked {
  readonly endpoint: string;
  readonly source: HubSource;
  /** A file of the repository; undefined for its listing. */
  readonly file: string | undefined;
  /** Whether a token was told. */
  readonly token: boolean;
}

export interface Refusal {
  readonly status: number;
  /** One of the answer's headers. */
  readonly header: (name: string) => string | undefined;
  /** Where the answer came from, after redirections. */
  readonly from: URL;
}

/** The error for an answer with a status other than 200 and 206. */
export function refusalError(asked: Asked, { status, header, from }: Refusal): FlamingoError {
  const written = writtenSource(asked.source);
  const what = asked.file === undefined ? written : `${asked.file} of ${written}`;
  const says = header("x-error-message");
  const problem = `${what}: ${from.host} answered with status ${status}${says ? ` (${says})` : ""}.`;
  if (status === 407)
    return new HubNetworkError(
      problem,
      "put the proxy's user and password into its address: http://USER:PASSWORD@HOST:PORT",
    );
  if (status === 408 || status === 429 || status >= 500)
    return new HubNetworkError(
      problem,
      status === 429 && !asked.token
        ? "wait a while, or set HF_TOKEN: the hub allows more to those it knows"
        : "wait a while",
      { passing: true, waitMs: askedWait(header) },
    );
  const elsewhere = from.origin !== new URL(asked.endpoint).origin;
  if (elsewhere)
    // A store's address is signed for some minutes; a new one is had from the hub.
    return new HubNetworkError(
      problem,
      "try again, what has come is kept; if it comes back, set HF_ENDPOINT to the hub itself: other hosts are told no token",
      { passing: status === 403 || status === 401 },
    );
  const page = `${asked.endpoint}/${asked.source.owner}/${asked.source.name}`;
  const code = header("x-error-code");
  if (status === 401 || status === 403) return new HubAccessError(problem, accessMend(asked, page, code));
  if (status === 404) return new HubNotFoundError(problem, notFoundMend(asked, page, code));
  return new HubNetworkError(problem, `check HF_ENDPOINT (${asked.endpoint}) and the proxies`);
}

function accessMend({ token }: Asked, page: string, code: string | undefined): string {
  const open = code === "GatedRepo" ? `ask for access on ${page}, then ` : "";
  if (!token)
    return `${open}set HF_TOKEN to a token of an account that may read it; if it should be public, check the spelling of the name`;
  return `${open || "check the spelling of the name, and "}set HF_TOKEN to a token of an account that may read it; the present one may not, or has expired`;
}

function notFoundMend({ source, file }: Asked, page: string, code: string | undefined): string {
  if (file !== undefined && code !== "RevisionNotFound" && code !== "RepoNotFound")
    return `look on ${page}/tree/${source.revision} for the files that there are`;
  if (code === "RevisionNotFound")
    return `look on ${page}/tree/main for the branches and tags that there are; ${source.revision} is none`;
  return `check the spelling of the owner, the name and the revision; ${page} should be the repository's page`;
}

/** Milliseconds to wait: `Retry-After` in seconds or as a date, or the hub's own `RateLimit: "api";r=0;t=SECONDS`. */
function askedWait(header: (name: string) => string | undefined): number | undefined {
  const after = header("retry-after")?.trim();
  if (after !== undefined && /^\d+$/.test(after)) return 1000 * Number(after);
  const date = Date.parse(after ?? "");
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const limit = /(?:^|;)\s*t=(\d+)/.exec(header("ratelimit") ?? "");
  return limit === null ? undefined : 1000 * Number(limit[1]);
}
