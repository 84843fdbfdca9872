import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  HubAccessError,
  HubAnswerError,
  HubIntegrityError,
  HubNetworkError,
  HubNotFoundError,
} from "../../src/checkpoints/hub/errors.js";
import type { HubSettings } from "../../src/checkpoints/hub/settings.node.js";
import { fetchAll, noise, settingsFor } from "../support/hub-client.js";
import { COMMIT, cut, refuse, reply, sha256, stall, startHub, startProxy } from "../support/hub-server.js";

const weights = noise(500_000);
const files = { "config.json": Buffer.from("{}"), "model.safetensors": weights };

/** Asserts that the weights are there, whole, under their name. */
async function expectWhole(folder: string): Promise<void> {
  expect(Buffer.compare(await readFile(join(folder, "model.safetensors")), weights)).toBe(0);
}

const blobsOf = (settings: HubSettings) => join(settings.cache, "models--owner--name", "blobs");
const partialOf = (settings: HubSettings) => join(blobsOf(settings), `${sha256(weights)}.flamingo.incomplete`);

async function leavePartial(settings: HubSettings, bytes: Uint8Array): Promise<void> {
  await mkdir(blobsOf(settings), { recursive: true });
  await writeFile(partialOf(settings), bytes);
}

/** Asserts that nothing of the weights is left, neither whole nor in part. */
async function expectNothing(settings: HubSettings): Promise<void> {
  const snapshot = join(settings.cache, "models--owner--name", "snapshots", COMMIT);
  expect(await readdir(snapshot)).not.toContain("model.safetensors");
  expect((await readdir(blobsOf(settings))).filter((name) => name.startsWith(sha256(weights)))).toEqual([]);
}

describe("the token", () => {
  it("is told to the hub, on its own redirections too, and never to the store it sends us to", async () => {
    await using hub = await startHub({ files, token: "hf_secret" });
    await fetchAll(await settingsFor(hub.endpoint, { token: "hf_secret" }));
    expect(hub.heard.some(({ url }) => url.startsWith("/api/resolve-cache/"))).toBe(true);
    expect(hub.heard.some(({ at }) => at === "store")).toBe(true);
    for (const { at, authorization } of hub.heard)
      expect(authorization).toBe(at === "hub" ? "Bearer hf_secret" : undefined);
  });

  it("is asked for where a repository is gated, with the page on which to ask for access", async () => {
    await using hub = await startHub({ files, token: "hf_secret" });
    const error = await fetchAll(await settingsFor(hub.endpoint)).catch((error) => error);
    expect(error).toBeInstanceOf(HubAccessError);
    expect(error.problem).toContain("status 401 (Access to model owner/name is restricted.)");
    expect(error.mend).toContain(`ask for access on ${hub.endpoint}/owner/name, then set HF_TOKEN`);
  });

  it("is said not to be enough where one was told, and is not repeated", async () => {
    await using hub = await startHub({ files, meddle: (_, response) => refuse(response, 403) });
    const error = await fetchAll(await settingsFor(hub.endpoint, { token: "hf_wrong" })).catch((error) => error);
    expect(error).toBeInstanceOf(HubAccessError);
    expect(error.mend).toContain("the present one may not, or has expired");
    expect(error.message).not.toContain("hf_wrong");
    expect(hub.heard).toHaveLength(1);
  });
});

describe("what the hub does not have", () => {
  it("is told apart: a repository, a revision, a file", async () => {
    const missing = ({ url }: { url: string }) => url.includes("/resolve/") && url.endsWith("config.json");
    await using hub = await startHub({
      files,
      meddle: (heard, response) => missing(heard) && refuse(response, 404, "EntryNotFound", "Entry not found"),
    });
    const settings = await settingsFor(hub.endpoint);
    const failing = (source: string) => fetchAll(settings, { source }).catch((error) => error);
    const repository = await failing("hf:owner/nome");
    const revision = await failing("hf:owner/name@v9");
    const file = await failing("hf:owner/name");
    for (const error of [repository, revision, file]) expect(error).toBeInstanceOf(HubNotFoundError);
    expect(repository.mend).toContain(`${hub.endpoint}/owner/nome should be the repository's page`);
    expect(revision.mend).toContain("branches and tags that there are; v9 is none");
    expect(file.problem).toContain("config.json of hf:owner/name: ");
    expect(file.mend).toContain(`${hub.endpoint}/owner/name/tree/main`);
  });

  it("is said to be no hub where the answer is a page for people", async () => {
    await using hub = await startHub({
      files,
      meddle: (_, response) => reply(response, 200, {}, "<html>Sign in</html>"),
    });
    await expect(fetchAll(await settingsFor(hub.endpoint))).rejects.toThrow(HubAnswerError);
  });

  it("is an endless way from one address to the next", async () => {
    await using hub = await startHub({ files, meddle: (_, response) => reply(response, 302, { location: "/again" }) });
    await expect(fetchAll(await settingsFor(hub.endpoint))).rejects.toThrow(/more than 10 times/);
  });
});

describe("a failure that may pass", () => {
  it("is waited out as long as the hub asks, by Retry-After or by its own RateLimit header", async () => {
    const headers = [
      { "retry-after": "0" },
      { ratelimit: '"api";r=0;t=1' },
      { "retry-after": new Date().toUTCString() },
    ];
    await using hub = await startHub({
      files,
      meddle: (heard, response, count) => {
        const header = headers[count];
        return heard.url.includes("/revision/") && header !== undefined && reply(response, 429, header);
      },
    });
    const { events, folder } = await fetchAll(await settingsFor(hub.endpoint, { retryMs: 60_000 }));
    await expectWhole(folder);
    expect(events.filter(({ kind }) => kind === "retry")).toMatchObject([
      { waitMs: 0 },
      { waitMs: 1000 },
      { waitMs: 0 },
    ]);
  });

  it("is not waited for longer than the hub's own window", async () => {
    await using hub = await startHub({
      files,
      meddle: (_, response) => reply(response, 429, { "retry-after": "3600" }),
    });
    const error = await fetchAll(await settingsFor(hub.endpoint)).catch((error) => error);
    expect(error).toBeInstanceOf(HubNetworkError);
    expect(error.problem).toContain("It asks to wait for 3600 s");
    expect(error.mend).toContain("HF_TOKEN");
  });

  it("is given up after five new tries, each waiting twice as long", async () => {
    await using hub = await startHub({ files, meddle: (_, response) => refuse(response, 503) });
    const waits: number[] = [];
    const fetching = fetchAll(await settingsFor(hub.endpoint), {
      onEvent: (event) => void (event.kind === "retry" && waits.push(event.waitMs)),
    });
    await expect(fetching).rejects.toThrow(/status 503.* It failed 6 times in a row/);
    expect(waits).toEqual([1, 2, 4, 8, 16]);
    expect(hub.heard).toHaveLength(6);
  });

  it("is a cut connection: the file goes on where it was cut, as often as it gets on", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response, count) =>
        at === "store" && count < 9 && cut(response, weights, 50_000 * count, 50_000 * (count + 1)),
    });
    const { folder, events, downloadedBytes } = await fetchAll(await settingsFor(hub.endpoint));
    await expectWhole(folder);
    expect(events.filter(({ kind }) => kind === "retry")).toHaveLength(9);
    expect(downloadedBytes).toBe(weights.length + 2);
    expect(hub.heard.filter(({ at }) => at === "store").map(({ range }) => range)).toEqual([
      undefined,
      ...Array.from({ length: 9 }, (_, i) => `bytes=${50_000 * (i + 1)}-`),
    ]);
  });

  it("is a server that falls silent", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response, count) => at === "store" && count === 0 && stall(response, weights, 1000),
    });
    const { folder, events } = await fetchAll(await settingsFor(hub.endpoint, { timeoutMs: 200 }));
    await expectWhole(folder);
    expect(events.find((event) => event.kind === "retry")?.problem).toContain("UND_ERR_BODY_TIMEOUT");
  });

  it("is a store whose address has expired: the hub is asked for a new one", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response, count) => at === "store" && count === 0 && refuse(response, 403),
    });
    await expectWhole((await fetchAll(await settingsFor(hub.endpoint))).folder);
    expect(hub.heard.filter(({ url }) => url.endsWith("/model.safetensors"))).toHaveLength(2);
  });
});

describe("a download that was interrupted", () => {
  it("goes on where it was, by a later call", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    await leavePartial(settings, weights.subarray(0, 123_456));
    const { folder, events, downloadedBytes } = await fetchAll(settings);
    await expectWhole(folder);
    expect(events).toContainEqual({ kind: "resumed", path: "model.safetensors", from: 123_456 });
    expect(downloadedBytes).toBe(weights.length - 123_456 + 2);
    expect(hub.heard.find(({ at }) => at === "store")?.range).toBe("bytes=123456-");
  });

  it("asks for nothing more where all bytes had come", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    await leavePartial(settings, weights);
    await expectWhole((await fetchAll(settings)).folder);
    expect(hub.heard.some(({ at }) => at === "store")).toBe(false);
  });

  it("begins anew where the server ignores the range", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response) => at === "store" && reply(response, 200, {}, weights),
    });
    const settings = await settingsFor(hub.endpoint);
    await leavePartial(settings, weights.subarray(0, 1000));
    const { folder, events } = await fetchAll(settings);
    await expectWhole(folder);
    expect(
      events.some((event) => event.kind === "restarted" && event.problem.includes("from its beginning only")),
    ).toBe(true);
  });

  it.each([
    ["begins elsewhere than asked", 206, `bytes 0-499999/500000`],
    ["is of a file of another size", 206, `bytes 1000-400000/400001`],
    ["says that there is no such range", 416, `bytes */500000`],
  ])("begins anew where the answer %s", async (_, status, range) => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response, count) =>
        at === "store" && count === 0 && reply(response, status, { "content-range": range }, weights.subarray(0, 9)),
    });
    const settings = await settingsFor(hub.endpoint);
    await leavePartial(settings, weights.subarray(0, 1000));
    await expectWhole((await fetchAll(settings)).folder);
    expect(hub.heard.filter(({ at }) => at === "store").map((heard) => heard.range)).toEqual([
      "bytes=1000-",
      undefined,
    ]);
  });

  it("begins anew where what was kept is damaged or too long", async () => {
    for (const kept of [noise(1000, 7), noise(600_000, 7)]) {
      await using hub = await startHub({ files });
      const settings = await settingsFor(hub.endpoint);
      await leavePartial(settings, kept);
      await expectWhole((await fetchAll(settings)).folder);
      // What is too long is seen without asking.
      const ranges = hub.heard.filter(({ at }) => at === "store").map(({ range }) => range);
      expect(ranges).toEqual(kept.length < weights.length ? ["bytes=1000-", undefined] : [undefined]);
    }
  });

  it("keeps what has come when a signal interrupts it, and throws the signal's reason", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at, range }, response) => at === "store" && range === undefined && stall(response, weights, 200_000),
    });
    const settings = await settingsFor(hub.endpoint);
    const controller = new AbortController();
    const reason = new Error("enough");
    const fetching = fetchAll(settings, {
      signal: controller.signal,
      onEvent: (event) => void (event.kind === "progress" && event.done === 200_000 && controller.abort(reason)),
    });
    await expect(fetching).rejects.toBe(reason);
    expect((await stat(partialOf(settings))).size).toBe(200_000);
    await expectWhole((await fetchAll(settings)).folder);
    await expect(fetchAll(settings, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("a file that is not what was published", () => {
  const changed = weights.slice();
  changed[250_000]! ^= 1;

  it("is deleted, and both hashes are told", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response) => at === "store" && reply(response, 200, {}, changed),
    });
    const settings = await settingsFor(hub.endpoint);
    const error = await fetchAll(settings).catch((error) => error);
    expect(error).toBeInstanceOf(HubIntegrityError);
    expect(error).toMatchObject({ what: "sha256", expected: sha256(weights), found: sha256(changed) });
    expect(error.problem).toContain(`its sha256 is ${sha256(changed)}; published is ${sha256(weights)}`);
    await expectNothing(settings);
  });

  it("is known by Git's hash where it is not kept by LFS", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ url }, response) => url.includes("resolve-cache") && reply(response, 200, {}, "[]"),
    });
    const error = await fetchAll(await settingsFor(hub.endpoint)).catch((error) => error);
    expect(error).toBeInstanceOf(HubIntegrityError);
    // `printf '{}' | git hash-object --stdin`
    expect(error).toMatchObject({ what: "git-blob", expected: "9e26dfeeb6e641a33dae4961196235bdb965b21b" });
  });

  it.each([
    ["shorter", weights.subarray(0, 400_000), "400000"],
    ["longer", Buffer.concat([weights, weights]), "more than 500000"],
  ])("is deleted when it is %s, and both sizes are told", async (_, content, found) => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response) =>
        at === "store" && reply(response, 200, { "content-length": content.length }, content),
    });
    const settings = await settingsFor(hub.endpoint);
    const error = await fetchAll(settings).catch((error) => error);
    expect(error).toMatchObject({ code: "HUB_INTEGRITY", what: "size", expected: "500000", found });
    await expectNothing(settings);
  });

  it("is refused unread when something on the way has encoded it", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at }, response) => at === "store" && reply(response, 200, { "content-encoding": "gzip" }, "x"),
    });
    await expect(fetchAll(await settingsFor(hub.endpoint))).rejects.toThrow(/sent it encoded as gzip/);
  });
});

describe("a proxy", () => {
  it("carries everything, to the store too, and its password is told to it alone", async () => {
    await using hub = await startHub({ files });
    await using proxy = await startProxy("user:p%40ss".replace("%40", "@"));
    const address = proxy.endpoint.replace("://", "://user:p%40ss@");
    const settings = await settingsFor(hub.endpoint, { proxies: { http: address, https: "", none: "" } });
    await expectWhole((await fetchAll(settings)).folder);
    const origins = new Set(proxy.heard.map(({ method, url }) => `${method} ${url}`));
    expect(origins.size).toBe(2);
    expect(origins).toContain(`CONNECT ${new URL(hub.endpoint).host}`);
  });

  it("is left out for hosts that NO_PROXY names", async () => {
    await using hub = await startHub({ files });
    await using proxy = await startProxy();
    const settings = await settingsFor(hub.endpoint, {
      proxies: { http: proxy.endpoint, https: "", none: "127.0.0.1" },
    });
    await expectWhole((await fetchAll(settings)).folder);
    expect(proxy.heard).toEqual([]);
  });

  it("that refuses, or is not there, is told by its address without its password", async () => {
    await using hub = await startHub({ files });
    await using proxy = await startProxy("user:right");
    const refused = async (address: string) =>
      fetchAll(await settingsFor(hub.endpoint, { proxies: { http: address, https: "", none: "" } })).catch(
        (error) => error,
      );
    const wrong = await refused(proxy.endpoint.replace("://", "://user:wrong@"));
    expect(wrong).toBeInstanceOf(HubNetworkError);
    expect(wrong.problem).toContain(`(proxy ${proxy.endpoint}): Proxy response (407)`);
    expect(wrong.message).not.toContain("wrong");
    const gone = await refused(`http://127.0.0.1:${await closedPort()}`);
    expect(gone.problem).toContain("ECONNREFUSED");
    expect(gone.mend).toContain("HTTPS_PROXY");
    expect((await refused("no address")).code).toBe("HUB_SETTING");
  });
});

describe("a hub that is not there", () => {
  it("is told at once, with what the cache can do without it", async () => {
    const error = await fetchAll(await settingsFor(`http://127.0.0.1:${await closedPort()}`)).catch((error) => error);
    expect(error).toBeInstanceOf(HubNetworkError);
    expect(error.problem).toContain("owner/name could not be fetched from 127.0.0.1:");
    expect(error.mend).toContain("HF_HUB_OFFLINE=1");
  });

  it("is one that speaks no TLS where its address says https", async () => {
    await using hub = await startHub({ files });
    const error = await fetchAll(await settingsFor(hub.endpoint.replace("http:", "https:"))).catch((error) => error);
    expect(error).toBeInstanceOf(HubNetworkError);
    expect(hub.heard).toEqual([]);
  });
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
