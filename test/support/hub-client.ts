/** Fetching from a hub of one's own, into a cache of one's own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { FetchEvent } from "../../src/checkpoints/hub/events.js";
import { type Fetched, fetchRepository } from "../../src/checkpoints/hub/fetch.node.js";
import type { HubSettings } from "../../src/checkpoints/hub/settings.node.js";

/** Settings for a hub, with waits that a test can wait for, and a cache that goes when the test does. */
export async function settingsFor(endpoint: string, more: Partial<HubSettings> = {}): Promise<HubSettings> {
  const cache = await mkdtemp(join(tmpdir(), "hub-cache-"));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  return {
    endpoint,
    cache,
    token: undefined,
    offline: false,
    proxies: { http: "", https: "", none: "" },
    timeoutMs: 2000,
    retryMs: 1,
    ...more,
  };
}

/** Fetches all of `hf:owner/name`, or what is told, and keeps what was told on the way. */
export async function fetchAll(
  settings: HubSettings,
  {
    source = "hf:owner/name",
    wanted = () => true,
    signal,
    onEvent = () => {},
  }: {
    readonly source?: string;
    readonly wanted?: (file: { readonly path: string }) => boolean;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: FetchEvent) => void;
  } = {},
): Promise<Fetched & { readonly events: readonly FetchEvent[] }> {
  const events: FetchEvent[] = [];
  const onProgress = (event: FetchEvent) => {
    events.push(event);
    onEvent(event);
  };
  const fetched = await fetchRepository(source, { wanted, settings, onProgress, ...(signal ? { signal } : {}) });
  return { ...fetched, events };
}

/** Bytes that look like nothing, the same for every call. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
