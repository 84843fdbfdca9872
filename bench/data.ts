/** The page of the data pipeline: a part for each of its stages, each in a file of its own. */
import { dataPages } from "./data-pages.js";
import { dataShards } from "./data-shards.js";
import type { Effort, Page } from "./measure.js";

export interface DataOptions {
  /** A Python with the peers' packages. */
  readonly python: string;
}

/** All parts, one after another. */
export async function data(effort: Effort, { python }: DataOptions): Promise<Page> {
  const parts = [
    await dataPages(effort, { python, folder: "../shared/data/html_readability" }),
    await dataShards(effort, { python }),
  ];
  return { text: parts.map(({ text }) => text).join("\n\n"), rows: parts.flatMap(({ rows }) => rows) };
}
