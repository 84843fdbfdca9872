/** Where published files are, as a person writes it: a local folder, or a repository of the hub. */
import { SourceError } from "./errors.js";

/** A repository of the hub at a revision. */
export interface HubSource {
  readonly kind: "hub";
  readonly owner: string;
  readonly name: string;
  /** A branch, a tag, or a commit of 40 hexadecimal digits; `main` unless told. */
  readonly revision: string;
}

/** A folder of this machine. */
export interface FolderSource {
  readonly kind: "folder";
  readonly path: string;
}

export type Source = HubSource | FolderSource;

/** The commit itself, which can never change; every other revision may move. */
export const COMMIT = /^[0-9a-f]{40}$/;

const FORMS = 'give the path of a folder, or "hf:OWNER/NAME", "hf:OWNER/NAME@REVISION" for a repository of the hub';

/**
 * Reads `hf:owner/name`, `hf:owner/name@revision`, or else the path of a folder (whether it is there is seen later).
 * @throws {SourceError} if it is none of these.
 */
export function parseSource(text: string): Source {
  if (text.trim() === "") throw new SourceError("The source is empty.", FORMS);
  if (/^https?:/i.test(text)) {
    const meant = /^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+?)(?:\/tree\/([^/?#]+))?\/?$/i.exec(text);
    const instead = meant === null ? FORMS : `write it as "hf:${meant[1]}${meant[2] ? `@${meant[2]}` : ""}"`;
    throw new SourceError(`The source ${text} is a web address.`, instead);
  }
  if (!text.startsWith("hf:")) return { kind: "folder", path: text };
  const [, repository = "", revision] = /^hf:([^@]*)(?:@(.*))?$/s.exec(text) ?? [];
  const [owner = "", name = "", ...more] = repository.split("/");
  const fault =
    (name === "" || owner === "" || more.length > 0
      ? `"${repository}" is not an owner and a name with one slash between them`
      : undefined) ??
    faultOfName("owner", owner) ??
    faultOfName("name", name) ??
    (revision === undefined ? undefined : faultOfRevision(revision));
  if (fault !== undefined) throw new SourceError(`The source "${text}" names no repository: ${fault}.`, FORMS);
  return { kind: "hub", owner, name, revision: revision ?? "main" };
}

/** A source as it is written. */
export function writtenSource(source: Source): string {
  if (source.kind === "folder") return source.path;
  return `hf:${source.owner}/${source.name}${source.revision === "main" ? "" : `@${source.revision}`}`;
}

/** The hub's rules for names. They keep a name from being anything but one folder of the cache, too. */
function faultOfName(what: string, name: string): string | undefined {
  if (!/^\w(?:[\w.-]{0,94}\w)?$/.test(name) || /--|\.\.|\.git$/.test(name))
    return `the ${what} "${name}" is not 1 to 96 letters, digits, "-", "_" and "." that neither begin nor end with "-" or ".", without "--" and ".."`;
  return undefined;
}

/** Git's rules for the names of branches and tags, as far as they matter to files. */
function faultOfRevision(revision: string): string | undefined {
  if (revision === "") return 'nothing stands after the "@"';
  const parts = revision.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{/.test(revision) || parts.some((part) => part === "" || part.startsWith(".")))
    return `"${revision}" cannot be a branch, a tag or a commit`;
  return undefined;
}
