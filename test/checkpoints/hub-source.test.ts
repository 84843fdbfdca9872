import { mkdtemp, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HubAnswerError, HubSettingError, SourceError } from "../../src/checkpoints/hub/errors.js";
import { hashOfTag, parseListing, writtenListing } from "../../src/checkpoints/hub/listing.js";
import { hubSettings } from "../../src/checkpoints/hub/settings.node.js";
import { parseSource, writtenSource } from "../../src/checkpoints/hub/source.js";

describe("a source", () => {
  it("is a repository of the hub at a revision, or the path of a folder", () => {
    const hub = { kind: "hub", owner: "openflamingo", name: "OpenFlamingo-3B-vitl-mpt1b" };
    expect(parseSource("hf:openflamingo/OpenFlamingo-3B-vitl-mpt1b")).toEqual({ ...hub, revision: "main" });
    expect(parseSource("hf:openflamingo/OpenFlamingo-3B-vitl-mpt1b@refs/pr/1")).toEqual({
      ...hub,
      revision: "refs/pr/1",
    });
    expect(parseSource("some/folder")).toEqual({ kind: "folder", path: "some/folder" });
    expect(parseSource("C:\\models\\hf")).toEqual({ kind: "folder", path: "C:\\models\\hf" });
  });

  it("is written as it was read", () => {
    for (const written of ["hf:a/b", "hf:a/b@v1.0", "../folder"])
      expect(writtenSource(parseSource(written))).toBe(written);
  });

  it.each([
    ["", "empty"],
    ["hf:", '"" is not an owner and a name'],
    ["hf:gpt2", '"gpt2" is not an owner and a name'],
    ["hf://a/b", "not an owner and a name"],
    ["hf:a/b/c", '"a/b/c" is not an owner and a name'],
    ["hf:../b", 'the owner ".."'],
    ["hf:a/..", 'the name ".."'],
    ["hf:a/-b", 'the name "-b"'],
    ["hf:a/b--c", 'the name "b--c"'],
    ["hf:a/b.git", 'the name "b.git"'],
    ["hf:a/b@", 'nothing stands after the "@"'],
    ["hf:a/b@../../etc", '"../../etc" cannot be a branch'],
    ["hf:a/b@/etc", '"/etc" cannot be a branch'],
    ["hf:a/b@x y", '"x y" cannot be a branch'],
    ["hf:a/b@x\ny", "cannot be a branch"],
  ])("is refused as %j, with the forms that there are", (text, problem) => {
    const error = thrown(() => parseSource(text));
    expect(error).toBeInstanceOf(SourceError);
    expect(error.problem).toContain(problem);
    expect(error.mend).toContain("hf:OWNER/NAME@REVISION");
  });

  it("is told how to be written where it is the address of a page", () => {
    expect(thrown(() => parseSource("https://huggingface.co/a/b/tree/v1")).mend).toContain('"hf:a/b@v1"');
    expect(thrown(() => parseSource("https://huggingface.co/a/b")).mend).toContain('"hf:a/b"');
    expect(thrown(() => parseSource("https://huggingface.co")).mend).toContain("hf:OWNER/NAME");
  });
});

describe("the hub's settings", () => {
  it("are those of huggingface_hub where nothing is set", async () => {
    const home = join(homedir(), ".cache", "huggingface");
    const settings = await hubSettings({ HF_TOKEN_PATH: "/nowhere" });
    expect(settings).toMatchObject({ endpoint: "https://huggingface.co", cache: join(home, "hub"), offline: false });
    expect(settings.token).toBeUndefined();
  });

  it("take the cache from the nearest variable", async () => {
    const cache = async (env: Record<string, string>) => (await hubSettings({ HF_TOKEN: "t", ...env })).cache;
    expect(await cache({ XDG_CACHE_HOME: "/x" })).toBe("/x/huggingface/hub");
    expect(await cache({ XDG_CACHE_HOME: "/x", HF_HOME: "~/h" })).toBe(join(homedir(), "h", "hub"));
    expect(await cache({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" })).toBe("/old");
    expect(await cache({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/c" })).toBe("/c");
  });

  it("take the token from HF_TOKEN, or else from the file in HF_HOME", async () => {
    const home = await mkdtemp(join(tmpdir(), "hub-home-"));
    await writeFile(join(home, "token"), "hf_file\n");
    expect((await hubSettings({ HF_HOME: home })).token).toBe("hf_file");
    expect((await hubSettings({ HF_HOME: home, HF_TOKEN: "" })).token).toBe("hf_file");
    expect((await hubSettings({ HF_HOME: home, HF_TOKEN: " hf_variable\n" })).token).toBe("hf_variable");
    expect((await hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })).token).toBeUndefined();
  });

  it("are refused where they cannot be meant, and a token is not repeated", async () => {
    for (const env of [
      { HF_ENDPOINT: "huggingface.co" },
      { HF_ENDPOINT: "ftp://a" },
      { HF_HUB_DOWNLOAD_TIMEOUT: "soon" },
    ])
      await expect(hubSettings({ HF_TOKEN: "t", ...env })).rejects.toThrow(HubSettingError);
    const error = await hubSettings({ HF_TOKEN: "hf_se cret" }).catch((error) => error);
    expect(error).toBeInstanceOf(HubSettingError);
    expect(error.message).not.toContain("cret");
  });

  it("know the proxies, small letters first", async () => {
    const env = { HTTP_PROXY: "http://big", http_proxy: "http://small", NO_PROXY: "localhost", HF_TOKEN: "t" };
    const { proxies } = await hubSettings(env);
    expect(proxies).toEqual({ http: "http://small", https: "http://small", none: "localhost" });
  });
});

describe("a listing", () => {
  const sha = "0123456789abcdef0123456789abcdef01234567";
  const listing = (...paths: string[]) =>
    parseListing(
      JSON.stringify({ sha, siblings: paths.map((rfilename) => ({ rfilename, size: 1, blobId: sha })) }),
      "it",
    );

  it("is written so that it is read as the same", () => {
    const siblings = [
      { rfilename: "a/b.json", size: 3, blobId: sha },
      { rfilename: "c.bin", size: 9, blobId: sha, lfs: { sha256: "f".repeat(64), size: 9, pointerSize: 130 } },
      { rfilename: "untold" },
    ];
    const read = parseListing(JSON.stringify({ sha, siblings }), "it");
    expect(parseListing(writtenListing(read), "it")).toEqual(read);
    expect(read.files[1]).toEqual({ path: "c.bin", size: 9, hash: { kind: "sha256", value: "f".repeat(64) } });
  });

  it.each(["../x", "a/../../x", "/etc/passwd", "a//b", ".", "a/./b", "..\\x", "C:/x", "a\0b", ""])(
    "is refused whole when it has a path that leads out of its folder: %j",
    (path) => {
      expect(() => listing("fine.json", path)).toThrow(HubAnswerError);
    },
  );

  it("is refused where a hash or commit is none, since they become names of files", () => {
    const told = (answer: unknown) => () => parseListing(JSON.stringify(answer), "it");
    expect(told({ sha: "../x", siblings: [] })).toThrow(HubAnswerError);
    expect(told({ sha, siblings: [{ rfilename: "a", size: 1, blobId: "../../x" }] })).toThrow(/siblings.0.blobId/);
    expect(told({ sha, siblings: [{ rfilename: "a", size: -1 }] })).toThrow(/siblings.0.size/);
    expect(() => parseListing("<html>Please sign in</html>", "it")).toThrow(/no listing of a repository/);
  });

  it("knows a hash by an entity tag, weak or strong", () => {
    expect(hashOfTag(`"${sha}"`)).toEqual({ kind: "git-blob", value: sha });
    expect(hashOfTag(`W/"${"a".repeat(64)}"`)).toEqual({ kind: "sha256", value: "a".repeat(64) });
    expect(hashOfTag('"../../x"')).toBeUndefined();
    expect(hashOfTag(undefined)).toBeUndefined();
  });
});

function thrown(act: () => unknown): SourceError {
  try {
    act();
  } catch (error) {
    return error as SourceError;
  }
  throw new Error("nothing was thrown");
}
