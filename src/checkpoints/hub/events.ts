/** What is told while files are fetched. */

/** One thing that happened, or how far something has come. Bytes are counted over all wanted files of the source. */
export type FetchEvent =
  /** It is known what there is: the commit, the wanted files, and how much of them the disk has already. */
  | {
      readonly kind: "listed";
      readonly source: string;
      readonly commit: string;
      readonly files: number;
      /** Of these files, how many need no download. */
      readonly present: number;
      /** Whether the network was asked. */
      readonly asked: boolean;
    }
  /** A file is coming. */
  | {
      readonly kind: "progress";
      readonly path: string;
      /** Bytes of the file on the disk, and all of them. */
      readonly done: number;
      readonly size: number;
      /** The same of all files that are downloaded. */
      readonly doneOfAll: number;
      readonly sizeOfAll: number;
    }
  /** A download goes on where an earlier one was interrupted. */
  | { readonly kind: "resumed"; readonly path: string; readonly from: number }
  /** What was kept of an earlier download cannot be used, and the file is fetched from its beginning. */
  | { readonly kind: "restarted"; readonly path: string; readonly problem: string }
  /** A file is whole, verified, and under its name. */
  | { readonly kind: "fetched"; readonly path: string; readonly size: number }
  /** Something failed that may pass; it is tried again after a while. */
  | { readonly kind: "retry"; readonly problem: string; readonly waitMs: number }
  /** Another process downloads the same file; it is waited for. */
  | { readonly kind: "waiting"; readonly path: string };
