import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MediaSourceError, MediaTooLargeError } from "../../src/media/source.js";
import { fetchOrRead } from "../../src/media/source.node.js";

describe("reading a source", () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/missing") return response.writeHead(404).end();
      if (request.url === "/never") return;
      if (request.url === "/stream") {
        response.write("12345");
        return response.end("67890");
      }
      return response.end("hello");
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const text = async (source: string) => new TextDecoder().decode(await fetchOrRead(source));

  it("reads a path, a file: URL, a web address and a data: URL alike", async () => {
    const own = await text(fileURLToPath(import.meta.url));
    expect(own).toContain("reads a path, a file: URL");
    expect(await text(import.meta.url)).toBe(own);
    expect(await text(`${address}/hello`)).toBe("hello");
    expect(await text("data:text/plain;base64,aGVsbG8=")).toBe("hello");
    expect(await text("data:,hello%20there")).toBe("hello there");
  });

  it("reads base64 in lines, percent-encoded or for addresses, and no other signs", async () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 250) % 256);
    const written = Buffer.from(bytes).toString("base64");
    expect(written).toMatch(/[+/]/);
    const inLines = written.replaceAll(/.{20}/g, "$&\r\n");
    const forAddresses = Buffer.from(bytes).toString("base64url");
    for (const body of [written, inLines, encodeURIComponent(written), encodeURIComponent(inLines), forAddresses])
      expect(await fetchOrRead(`data:;base64,${body}`), body).toEqual(bytes);
    expect(await text("data:;base64,")).toBe("");
    for (const at of [0, 1, 2, 3, 40]) {
      const broken = `${written.slice(0, at)}*${written.slice(at)}`;
      await expect(fetchOrRead(`data:;base64,${broken}`), broken).rejects.toThrow(/characters that base64 has not/);
      const replaced = `${written.slice(0, at)}*${written.slice(at + 1)}`;
      await expect(fetchOrRead(`data:;base64,${replaced}`), replaced).rejects.toThrow(/characters that base64 has not/);
    }
  });

  it("stops at the size limit, whatever the source", async () => {
    for (const source of [fileURLToPath(import.meta.url), `${address}/hello`, `${address}/stream`, "data:,hello"]) {
      await expect(fetchOrRead(source, { maxBytes: 4 })).rejects.toThrow(MediaTooLargeError);
    }
  });

  it("says what the server answered, and when it did not answer in time", async () => {
    await expect(fetchOrRead(`${address}/missing`)).rejects.toThrow(/answered with status 404 Not Found/);
    await expect(fetchOrRead(`${address}/never`, { timeoutMs: 50 })).rejects.toThrow(/did not answer within 50 ms/);
    await expect(fetchOrRead("http://127.0.0.1:1/")).rejects.toThrow(/could not be reached[\s\S]*To mend it/);
  });

  it("refuses a kind of source that is not allowed", async () => {
    await expect(fetchOrRead("/etc/hostname", { allow: ["web", "data"] })).rejects.toThrow(MediaSourceError);
    await expect(fetchOrRead(`${address}/hello`, { allow: [] })).rejects.toThrow(/only none may be read here/);
  });

  it("refuses a folder and a malformed data: URL", async () => {
    await expect(fetchOrRead("test")).rejects.toThrow(/test is a folder/);
    await expect(fetchOrRead("data:image/png;base64")).rejects.toThrow(/has no comma/);
    await expect(fetchOrRead("data:image/png;base64,***")).rejects.toThrow(/characters that base64 has not/);
  });
});
