/** A browser for tests: the Chromium of the machine, without a window, and a server of pages on this machine alone. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** The Chromium there is: that of `CHROMIUM`, or Debian's. Empty, none is wanted. */
const WANTED =
  process.env.CHROMIUM === undefined ? ["/usr/bin/chromium", "/usr/bin/chromium-browser"] : [process.env.CHROMIUM];
const PATH = WANTED.find(existsSync);

/** Why tests in a browser are skipped; undefined where they run. */
export const noChromium: string | undefined =
  PATH !== undefined
    ? undefined
    : process.env.CHROMIUM === ""
      ? "CHROMIUM is empty"
      : "there is no Chromium: install Debian's `chromium`, or name one in CHROMIUM";

/** Nothing that speaks to anyone but the page's own server. */
const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU on a GPU of software. On a machine with a GPU, `CHROMIUM_FLAGS` gives others. */
const WEBGPU = process.env.CHROMIUM_FLAGS?.split(" ") ?? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

export function launchChromium(webgpu: readonly string[] = WEBGPU): Promise<Browser> {
  return chromium.launch({ executablePath: PATH!, headless: true, args: [...FLAGS, ...webgpu] });
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".png": "image/png",
};

/** A server of a folder, whose pages are isolated from other origins as threads of WebAssembly ask. */
export interface Served extends AsyncDisposable {
  /** With a slash at its end. */
  readonly address: string;
}

/** @param isolated  whether pages may have threads */
export async function serveFolder(folder: string, isolated = true): Promise<Served> {
  const headers = isolated
    ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
    : {};
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, "http://localhost").pathname));
    readFile(join(folder, path.endsWith("/") ? `${path}index.html` : path)).then(
      (body) =>
        response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(path) || ".html"] ?? "" }).end(body),
      () => response.writeHead(404, headers).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
