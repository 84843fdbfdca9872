/** What a repository holds at a commit, as the hub tells it. */
import { z } from "zod";
import { HubAnswerError } from "./errors.js";
import { COMMIT } from "./source.js";

/** How a file's bytes are known again: by sha256 where Git LFS keeps it, by Git's own hash of a blob otherwise. */
export interface FileHash {
  readonly kind: "sha256" | "git-blob";
  /** 64 or 40 hexadecimal digits. The cache calls the file so. */
  readonly value: string;
}

/** A file of a repository. */
export interface RepositoryFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  /** In bytes; undefined where the hub's listing does not tell it (a request for the file will). */
  readonly size: number | undefined;
}

/** A file as the hub lists it. */
export interface ListedFile extends RepositoryFile {
  readonly hash: FileHash | undefined;
}

/** Everything in a repository at a commit. It can never change. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly ListedFile[];
}

const size = z.number().int().nonnegative();

/** The answer of `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`, as far as it is read. */
const ANSWER = z.object({
  sha: z.string().regex(COMMIT),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: size.nullish(),
      blobId: z.string().regex(COMMIT).nullish(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size }).nullish(),
    }),
  ),
});

/**
 * Reads the hub's answer.
 * @param from  what errors call it
 * @throws {HubAnswerError} if it is no listing, or a path in it would lead out of the folder it is saved in.
 */
export function parseListing(text: string, from: string): Listing {
  const answer = ANSWER.safeParse(jsonOf(text));
  if (!answer.success) {
    const fault = answer.error.issues[0]!;
    throw new HubAnswerError(
      `${from} is no listing of a repository: ${fault.path.join(".") || "the whole"}: ${fault.message}.`,
      "check that HF_ENDPOINT is the address of a hub, and that no page for signing in to a network stands before it",
    );
  }
  const files = answer.data.siblings.map(({ rfilename, size, blobId, lfs }): ListedFile => {
    if (!isInside(rfilename))
      throw new HubAnswerError(
        `${from} lists a file ${JSON.stringify(rfilename)}, which would be written outside its folder. Nothing was fetched.`,
        "do not trust this repository or server; choose another",
      );
    if (lfs) return { path: rfilename, size: lfs.size, hash: { kind: "sha256", value: lfs.sha256 } };
    return { path: rfilename, size: size ?? undefined, hash: blobId ? { kind: "git-blob", value: blobId } : undefined };
  });
  return { commit: answer.data.sha, files };
}

/** A listing in the form that `parseListing` reads. */
export function writtenListing({ commit, files }: Listing): string {
  const siblings = files.map(({ path, size, hash }) => {
    if (hash?.kind === "sha256") return { rfilename: path, lfs: { sha256: hash.value, size } };
    return { rfilename: path, size, blobId: hash?.value };
  });
  return `${JSON.stringify({ sha: commit, siblings })}\n`;
}

/** What an entity tag tells of a file, if it is a hash of the hub's. */
export function hashOfTag(tag: string | undefined): FileHash | undefined {
  const value = tag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1") ?? "";
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: "sha256", value };
  return COMMIT.test(value) ? { kind: "git-blob", value } : undefined;
}

/** Whether a path stays in its folder on every system: plain names with slashes between them. */
function isInside(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\\\x00-\x1f]|^[a-z]:/i.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
