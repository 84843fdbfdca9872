import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import type { HubSettings } from "../../src/checkpoints/hub/settings.node.js";
import { fetchAll, noise, settingsFor } from "../support/hub-client.js";
import { sha256, stall, startHub } from "../support/hub-server.js";
import { collectGarbage } from "../support/memory.js";

/** Calls of the file system that are to fail, as on disks without links. */
const noLinks = vi.hoisted(() => ({ symbolic: false, hard: false }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const refusing =
    <Call extends (...args: never[]) => Promise<void>>(kind: keyof typeof noLinks, call: Call) =>
    (...args: Parameters<Call>) =>
      noLinks[kind]
        ? Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM", syscall: kind }))
        : call(...args);
  return { ...real, symlink: refusing("symbolic", real.symlink), link: refusing("hard", real.link) };
});

const weights = noise(500_000);
const files = { "config.json": Buffer.from("{}"), "model.safetensors": weights };
const blobsOf = (settings: HubSettings) => join(settings.cache, "models--owner--name", "blobs");
const partialOf = (settings: HubSettings) => join(blobsOf(settings), `${sha256(weights)}.flamingo.incomplete`);
const lockOf = (settings: HubSettings) => join(blobsOf(settings), `${sha256(weights)}.flamingo.lock`);

const PROGRAM = fileURLToPath(new URL("../support/fetch-in-process.mjs", import.meta.url));

function startFetching({ endpoint, cache }: HubSettings) {
  const env = {
    ...process.env,
    HF_ENDPOINT: endpoint,
    HF_HUB_CACHE: cache,
    HF_TOKEN: "hf_t",
    NO_PROXY: "*",
    no_proxy: "*",
  };
  return spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "inherit"] });
}

describe("a process that fetches", () => {
  it("may be killed at any moment: nothing half stands under a name, and the next one goes on where it was", async () => {
    await using hub = await startHub({
      files,
      meddle: ({ at, range }, response) => at === "store" && range === undefined && stall(response, weights, 200_000),
    });
    const settings = await settingsFor(hub.endpoint);
    const killed = startFetching(settings);
    await until(async () => (await stat(partialOf(settings)).catch(() => undefined))?.size === 200_000);
    killed.kill("SIGKILL");
    await once(killed, "close");
    expect(existsSync(lockOf(settings))).toBe(true);
    expect(existsSync(join(blobsOf(settings), sha256(weights)))).toBe(false);

    const next = startFetching(settings);
    const [written] = await Promise.all([text(next.stdout!), once(next, "close")]);
    const { folder, downloadedBytes } = JSON.parse(written);
    expect(downloadedBytes).toBe(weights.length - 200_000);
    expect(Buffer.compare(await readFile(join(folder, "model.safetensors")), weights)).toBe(0);
    expect(hub.heard.filter(({ at }) => at === "store").map(({ range }) => range)).toEqual([
      undefined,
      "bytes=200000-",
    ]);
    expect((await readdir(blobsOf(settings))).filter((name) => name.includes("flamingo"))).toEqual([]);
  });

  it("waits for another that fetches the same file, and downloads it no second time", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const both = await Promise.all([fetchAll(settings), fetchAll(settings)]);
    expect(hub.heard.filter(({ at }) => at === "store")).toHaveLength(1);
    expect(both[0].downloadedBytes + both[1].downloadedBytes).toBe(weights.length + 2);
    expect(both.flatMap(({ events }) => events).some(({ kind }) => kind === "waiting")).toBe(true);
  });

  it("takes over from one on another machine that has been silent for half a minute, and not before", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    await mkdir(blobsOf(settings), { recursive: true });
    await writeFile(lockOf(settings), JSON.stringify({ host: "elsewhere", process: 1 }));
    const controller = new AbortController();
    const waiting = fetchAll(settings, {
      signal: controller.signal,
      onEvent: ({ kind }) => void (kind === "waiting" && setTimeout(() => controller.abort("too long"), 500)),
    });
    await expect(waiting).rejects.toBe("too long");
    const before = new Date(Date.now() - 31_000);
    await utimes(lockOf(settings), before, before);
    expect((await fetchAll(settings)).downloadedBytes).toBe(weights.length);
  });

  it("keeps little in memory, however large the file", async () => {
    const piece = noise(2 ** 20);
    const pieces = 256;
    const hash = createHash("sha256");
    for (let i = 0; i < pieces; i++) hash.update(piece);
    const size = pieces * piece.length;
    const lfs = { sha256: hash.digest("hex"), size, pointerSize: 9 };
    await using hub = await startHub({
      files: { "big.bin": new Uint8Array() },
      relist: ({ sha }) => ({ sha, siblings: [{ rfilename: "big.bin", lfs }] }),
      meddle: ({ at }, response) => {
        if (at !== "store") return false;
        response.writeHead(200, { "content-length": size });
        let sent = 0;
        const more = () => {
          while (sent < pieces) if (++sent && !response.write(piece)) return void response.once("drain", more);
          response.end();
        };
        more();
        return true;
      },
    });
    const settings = await settingsFor(hub.endpoint, { timeoutMs: 60_000 });
    await collectGarbage();
    const before = process.memoryUsage.rss();
    let most = before;
    await fetchAll(settings, {
      onEvent: ({ kind }) => {
        if (kind === "progress") most = Math.max(most, process.memoryUsage.rss());
      },
    });
    // Buffers of a few hundred KiB at a time, until they are collected; the file has 256 MiB.
    expect((most - before) / 2 ** 20).toBeLessThan(120);
  });
});

describe("a disk without symbolic links", () => {
  it.each([
    ["has hard links instead", false, 2],
    ["has copies where there are no hard links either", true, 1],
  ])("%s", async (_, hard, links) => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    Object.assign(noLinks, { symbolic: true, hard });
    try {
      const { folder } = await fetchAll(settings);
      const found = await lstat(join(folder, "model.safetensors"));
      expect([found.isFile(), found.nlink]).toEqual([true, links]);
      expect(Buffer.compare(await readFile(join(folder, "model.safetensors")), weights)).toBe(0);
      expect((await fetchAll(settings)).downloadedBytes).toBe(0);
    } finally {
      Object.assign(noLinks, { symbolic: false, hard: false });
    }
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it never came to be");
}
