/** What a command sees of the world, so that a test can be the world. */
export interface Io {
  /** Results. With `--json` one JSON document, and nothing else. */
  out(text: string): void;
  /** Progress, advice and errors. */
  err(text: string): void;
  /** Whether a terminal stands at the end: pictures can be drawn there, and lines written over. */
  readonly terminal: { readonly out: boolean; readonly err: boolean };
  /** Everything on the standard input. */
  input(): Promise<string>;
  /** The standard input line by line, as it comes, without the ends of the lines. */
  lines(): AsyncIterable<string>;
  /** Waits until somebody has taken what was given to `out`, where much of it is waiting. */
  taken(): Promise<void>;
}
