import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiskFullError, HubAnswerError, HubOfflineError, SourceError } from "../../src/checkpoints/hub/errors.js";
import { fetchRepository } from "../../src/checkpoints/hub/fetch.node.js";
import { OutputError } from "../../src/errors.js";
import { fetchAll, noise, settingsFor } from "../support/hub-client.js";
import { COMMIT, gitBlob, type HubServer, sha256, startHub } from "../support/hub-server.js";

const files = {
  "config.json": Buffer.from('{"model_type": "flamingo"}\n'),
  "model.safetensors": noise(300_000),
  "sub dir/ü#?.json": Buffer.from("{}"),
  "empty.txt": new Uint8Array(),
  "README.md": Buffer.from("not wanted"),
};
const wanted = ({ path }: { path: string }) => path !== "README.md";
const downloads = ({ heard }: HubServer) =>
  heard.filter(({ url, method }) => method === "GET" && !url.includes("/revision/"));

describe("fetching a repository", () => {
  it("brings the wanted files, and only those, in the layout of huggingface_hub's cache", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const fetched = await fetchAll(settings, { wanted });

    const repository = join(settings.cache, "models--owner--name");
    expect(fetched.folder).toBe(join(repository, "snapshots", COMMIT));
    expect(fetched.commit).toBe(COMMIT);
    expect(fetched.files.map(({ path }) => path)).toEqual(
      Object.keys(files)
        .filter((path) => wanted({ path }))
        .sort(),
    );
    for (const { path, size } of fetched.files) {
      const content = files[path as keyof typeof files];
      expect(size).toBe(content.length);
      expect(Buffer.compare(await readFile(join(fetched.folder, path)), content)).toBe(0);
    }
    expect(await readFile(join(repository, "refs", "main"), "utf8")).toBe(COMMIT);
    expect(await readlink(join(fetched.folder, "model.safetensors"))).toBe(
      join("..", "..", "blobs", sha256(files["model.safetensors"])),
    );
    expect(await readlink(join(fetched.folder, "sub dir", "ü#?.json"))).toBe(
      join("..", "..", "..", "blobs", gitBlob(files["sub dir/ü#?.json"])),
    );
    expect((await readdir(join(repository, "blobs"))).sort()).toEqual(
      [
        sha256(files["model.safetensors"]),
        gitBlob(files["config.json"]),
        gitBlob(files["sub dir/ü#?.json"]),
        gitBlob(files["empty.txt"]),
      ].sort(),
    );
    expect(hub.heard.some(({ url }) => url.includes("README"))).toBe(false);
  });

  it("counts the bytes and tells how far it is, to the last one", async () => {
    await using hub = await startHub({ files });
    const { events, downloadedBytes } = await fetchAll(await settingsFor(hub.endpoint), { wanted });
    const total = Object.entries(files).reduce((sum, [path, { length }]) => sum + (wanted({ path }) ? length : 0), 0);
    expect(downloadedBytes).toBe(total);
    const progress = events.filter((event) => event.kind === "progress");
    expect(progress.at(-1)).toMatchObject({ doneOfAll: total, sizeOfAll: total });
    expect(progress.map(({ doneOfAll }) => doneOfAll)).toEqual(
      progress.map(({ doneOfAll }) => doneOfAll).sort((a, b) => a - b),
    );
  });

  it("asks for a branch once and downloads nothing a second time", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    await fetchAll(settings, { wanted });
    hub.heard.length = 0;
    const again = await fetchAll(settings, { wanted });
    expect(hub.heard.map(({ url }) => url)).toEqual(["/api/models/owner/name/revision/main?blobs=true"]);
    expect(again.downloadedBytes).toBe(0);
    expect(again.events).toEqual([
      { kind: "listed", source: "hf:owner/name", commit: COMMIT, files: 4, present: 4, asked: true },
    ]);
  });

  it("does not touch the network for a commit that is there, and says so", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const source = `hf:owner/name@${COMMIT}`;
    await fetchAll(settings, { wanted, source });
    hub.heard.length = 0;
    const again = await fetchAll(settings, { wanted, source });
    expect(hub.heard).toEqual([]);
    expect(again.events).toEqual([{ kind: "listed", source, commit: COMMIT, files: 4, present: 4, asked: false }]);
  });

  it("uses what Python's huggingface_hub downloaded before", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const repository = join(settings.cache, "models--owner--name");
    const snapshot = join(repository, "snapshots", COMMIT);
    await mkdir(join(repository, "blobs"), { recursive: true });
    await mkdir(snapshot, { recursive: true });
    const hash = sha256(files["model.safetensors"]);
    await writeFile(join(repository, "blobs", hash), files["model.safetensors"]);
    await symlink(join("..", "..", "blobs", hash), join(snapshot, "model.safetensors"));
    await fetchAll(settings, { wanted });
    expect(hub.heard.some(({ url }) => url.includes("model.safetensors"))).toBe(false);
  });

  it("names a blob in a new commit without fetching it again", async () => {
    const later = "f".repeat(40);
    await using hub = await startHub({ files, revisions: { v2: later } });
    const settings = await settingsFor(hub.endpoint);
    await fetchAll(settings, { wanted });
    hub.heard.length = 0;
    const { folder } = await fetchAll(settings, { wanted, source: "hf:owner/name@v2" });
    expect(downloads(hub)).toEqual([]);
    expect(folder.endsWith(later)).toBe(true);
    expect((await stat(join(folder, "model.safetensors"))).size).toBe(300_000);
  });

  it("gives a revision with slashes its place among the refs, and asks for it in one piece", async () => {
    await using hub = await startHub({ files, revisions: { "refs/pr/1": COMMIT } });
    const settings = await settingsFor(hub.endpoint);
    await fetchAll(settings, { wanted, source: "hf:owner/name@refs/pr/1" });
    expect(hub.heard[0]!.url).toBe("/api/models/owner/name/revision/refs%2Fpr%2F1?blobs=true");
    const ref = join(settings.cache, "models--owner--name", "refs", "refs", "pr", "1");
    expect(await readFile(ref, "utf8")).toBe(COMMIT);
  });

  it("fetches again what is not as long as it was published, and mends a link that leads nowhere", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const { folder } = await fetchAll(settings, { wanted });
    await writeFile(join(folder, "model.safetensors"), "cut off");
    await rm(join(settings.cache, "models--owner--name", "blobs", gitBlob(files["config.json"])));
    const again = await fetchAll(settings, { wanted });
    expect(again.events.filter(({ kind }) => kind === "fetched")).toHaveLength(2);
    expect((await lstat(join(folder, "model.safetensors"))).isSymbolicLink()).toBe(true);
    expect(Buffer.compare(await readFile(join(folder, "model.safetensors")), files["model.safetensors"])).toBe(0);
  });

  it("learns size and hash from a file's own headers where the listing does not tell them", async () => {
    const relist = ({ sha, siblings }: { sha: string; siblings: Record<string, unknown>[] }) => ({
      sha,
      siblings: siblings.map(({ rfilename }) => ({ rfilename })),
    });
    await using hub = await startHub({ files, relist });
    const { folder } = await fetchAll(await settingsFor(hub.endpoint), { wanted });
    expect(hub.heard.filter(({ method }) => method === "HEAD").every(({ at }) => at === "hub")).toBe(true);
    expect(await readlink(join(folder, "model.safetensors"))).toContain(sha256(files["model.safetensors"]));
    expect(await readlink(join(folder, "config.json"))).toContain(gitBlob(files["config.json"]));
  });

  it("refuses a listing with a path that leads out, before anything is written", async () => {
    const evil = { "config.json": Buffer.from("{}"), "../../../../evil.json": Buffer.from("{}") };
    await using hub = await startHub({ files: evil });
    const settings = await settingsFor(hub.endpoint);
    await expect(fetchAll(settings)).rejects.toThrow(HubAnswerError);
    await expect(fetchAll(settings)).rejects.toThrow(/\.\.\/\.\.\/\.\.\/\.\.\/evil\.json.*outside its folder/);
    expect(await readdir(settings.cache)).toEqual([]);
  });

  it("says how much space is needed and how much there is, before it downloads", async () => {
    const relist = ({ sha }: { sha: string }) => ({
      sha,
      siblings: [{ rfilename: "big.bin", lfs: { sha256: "a".repeat(64), size: 2 ** 52, pointerSize: 9 } }],
    });
    await using hub = await startHub({ files, relist });
    const error = await fetchAll(await settingsFor(hub.endpoint)).catch((error) => error);
    expect(error).toBeInstanceOf(DiskFullError);
    expect(error.problem).toMatch(/has [\d.]+ \w+ free; 4\.0 PiB are to be downloaded/);
    expect(error.mend).toContain("HF_HUB_CACHE");
    expect(downloads(hub)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")(
    "says that the disk is full when it is, while it downloads (Linux has a full device)",
    async () => {
      await using hub = await startHub({ files });
      const settings = await settingsFor(hub.endpoint);
      const blobs = join(settings.cache, "models--owner--name", "blobs");
      await mkdir(blobs, { recursive: true });
      await symlink("/dev/full", join(blobs, `${sha256(files["model.safetensors"])}.flamingo.incomplete`));
      const error = await fetchAll(settings, { wanted }).catch((error) => error);
      expect(error).toBeInstanceOf(DiskFullError);
      expect(error.problem).toContain("ENOSPC");
      expect(error.mend).toContain("what has come is kept");
    },
  );

  it("says where it cannot write", async () => {
    await using hub = await startHub({ files });
    const place = join(await mkdtemp(join(tmpdir(), "hub-file-")), "file");
    await writeFile(place, "no folder");
    await expect(fetchAll(await settingsFor(hub.endpoint, { cache: place }))).rejects.toThrow(OutputError);
  });
});

describe("fetching offline", () => {
  it("takes what the cache has, by branch too", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    const first = await fetchAll(settings, { wanted });
    hub.heard.length = 0;
    const again = await fetchAll({ ...settings, offline: true }, { wanted });
    expect(hub.heard).toEqual([]);
    expect([again.folder, again.files]).toEqual([first.folder, first.files]);
  });

  it("names the files that the cache does not have", async () => {
    await using hub = await startHub({ files });
    const settings = await settingsFor(hub.endpoint);
    await fetchAll(settings, { wanted: ({ path }) => path === "config.json" });
    const error = await fetchAll({ ...settings, offline: true }, { wanted }).catch((error) => error);
    expect(error).toBeInstanceOf(HubOfflineError);
    expect(error.problem).toContain("empty.txt, model.safetensors, sub dir/ü#?.json missing");
    await expect(fetchAll({ ...settings, offline: true }, { source: "hf:owner/other" })).rejects.toThrow(
      HubOfflineError,
    );
  });

  it("takes what Python put there, of which there is no listing", async () => {
    const settings = await settingsFor("http://127.0.0.1:9", { offline: true });
    const repository = join(settings.cache, "models--owner--name");
    await mkdir(join(repository, "snapshots", COMMIT), { recursive: true });
    await mkdir(join(repository, "refs"), { recursive: true });
    await writeFile(join(repository, "refs", "main"), COMMIT);
    await writeFile(join(repository, "snapshots", COMMIT, "config.json"), "{}");
    expect((await fetchAll(settings)).files).toEqual([{ path: "config.json", size: 2 }]);
  });
});

describe("a local folder", () => {
  it("stays where it is; its wanted files are told", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hub-local-"));
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "sub", "a.json"), "{}");
    await writeFile(join(folder, "b.txt"), "no");
    const fetched = await fetchRepository(folder, { wanted: ({ path }) => path.endsWith(".json") });
    expect(fetched).toEqual({
      folder,
      commit: undefined,
      files: [{ path: "sub/a.json", size: 2 }],
      downloadedBytes: 0,
    });
  });

  it("that is not there is told, with the form of a repository that may have been meant", async () => {
    const error = await fetchRepository("owner/name", { wanted: () => true }).catch((error) => error);
    expect(error).toBeInstanceOf(SourceError);
    expect(error.mend).toContain('"hf:owner/name"');
  });
});
