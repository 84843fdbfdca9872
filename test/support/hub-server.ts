/**
 * A hub of one's own: the routes by which files of a repository are listed and fetched, the store at another origin to
 * which it sends for large ones, and a proxy. What a test wants to go wrong, it does in `meddle`.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A request as it came. */
export interface Heard {
  readonly at: "hub" | "store" | "proxy";
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface HubOptions {
  /** By path. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Which files Git LFS keeps; those with weights unless told. */
  readonly lfs?: (path: string) => boolean;
  /** Whoever does not tell it is refused. */
  readonly token?: string;
  /** By branch or tag; `main` is `COMMIT` unless told. */
  readonly revisions?: Readonly<Record<string, string>>;
  /** Changes the listing before it is sent. */
  readonly relist?: (listing: { sha: string; siblings: Record<string, unknown>[] }) => object;
  /** Called first; what it returns true for, it has answered. */
  readonly meddle?: (heard: Heard, response: ServerResponse, count: number) => boolean;
}

export interface HubServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Everything that was asked, in order. */
  readonly heard: Heard[];
}

/** Serves the repository `owner/name`. */
export async function startHub(options: HubOptions): Promise<HubServer> {
  const heard: Heard[] = [];
  const { files, lfs = (path) => /\.(safetensors|bin|pt)$/.test(path), meddle, token } = options;
  const revisions: Readonly<Record<string, string>> = { main: COMMIT, ...options.revisions };

  const listen = (at: Heard["at"], answer: RequestListener) =>
    serve((request, response) => {
      const entry = heardOf(at, request);
      const count = heard.filter((other) => other.at === at && other.url === entry.url).length;
      heard.push(entry);
      if (meddle?.(entry, response, count) !== true) answer(request, response);
    });

  const store = await listen("store", (request, response) => {
    const url = new URL(request.url!, "http://store");
    const content = files[decodeURIComponent(url.pathname.slice(1))];
    if (content === undefined || url.searchParams.get("signature") !== "good") return void refuse(response, 403);
    send(request, response, content, { etag: '"of the store"' });
  });

  const hub = await listen("hub", (request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return void refuse(response, 401, "GatedRepo", "Access to model owner/name is restricted.");
    const url = new URL(request.url!, "http://hub");
    const listing = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url.pathname);
    if (listing !== null) {
      if (listing[1] !== "owner/name") return void refuse(response, 404, "RepoNotFound", "Repository not found");
      const revision = decodeURIComponent(listing[2]!);
      const commit = revisions[revision] ?? (Object.values(revisions).includes(revision) ? revision : undefined);
      if (commit === undefined) return void refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
      const blobs = url.searchParams.get("blobs") === "true";
      const siblings = Object.entries(files).map(([rfilename, content]) =>
        blobs ? { rfilename, ...metadata(content, lfs(rfilename)) } : { rfilename },
      );
      const told = options.relist?.({ sha: commit, siblings }) ?? { sha: commit, siblings };
      response.setHeader("content-type", "application/json");
      return void response.end(JSON.stringify({ id: listing[1], ...told }));
    }
    const file = /^(?:\/api\/resolve-cache\/models)?\/owner\/name\/(?:resolve\/)?([0-9a-f]{40})\/(.+)$/.exec(
      url.pathname,
    );
    const path = decodeURIComponent(file?.[2] ?? "");
    const content = files[path];
    if (content === undefined) return void refuse(response, 404, "EntryNotFound", "Entry not found");
    response.setHeader("x-repo-commit", file![1]!);
    if (lfs(path)) {
      response.setHeader("x-linked-size", content.length);
      response.setHeader("x-linked-etag", `"${sha256(content)}"`);
      response.setHeader("location", `${originOf(store)}/${encodeURIComponent(path)}?signature=good`);
      return void response.writeHead(302).end();
    }
    if (!url.pathname.startsWith("/api/")) {
      response.setHeader("location", `/api/resolve-cache/models/owner/name/${file![1]}/${file![2]}`);
      return void response.writeHead(307).end();
    }
    send(request, response, content, { etag: `"${gitBlob(content)}"` });
  });

  return {
    endpoint: originOf(hub),
    heard,
    async [Symbol.asyncDispose]() {
      await Promise.all([stop(hub), stop(store)]);
    },
  };
}

/** A proxy that opens tunnels. @param credentials  `user:password`, if it wants them */
export async function startProxy(credentials?: string): Promise<HubServer> {
  const heard: Heard[] = [];
  const proxy = await serve((_, response) => void refuse(response, 405));
  proxy.on("connect", (request: IncomingMessage, socket) => {
    heard.push(heardOf("proxy", request));
    socket.on("error", () => {});
    const expected = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
    if (expected && request.headers["proxy-authorization"] !== expected)
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  return { endpoint: originOf(proxy), heard, [Symbol.asyncDispose]: () => stop(proxy) };
}

/** Sends a part of a file and breaks the connection off. */
export function cut(response: ServerResponse, content: Uint8Array, from: number, to: number): true {
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...range });
  response.write(content.subarray(from, to), () => setTimeout(() => response.destroy(), 20));
  return true;
}

/** Sends a part of a file and falls silent. */
export function stall(response: ServerResponse, content: Uint8Array, to: number): true {
  response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, to));
  return true;
}

/** Answers with just this. */
export function reply(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>>,
  content?: Uint8Array | string,
): true {
  response.writeHead(status, headers).end(content);
  return true;
}

export function refuse(response: ServerResponse, status: number, code?: string, message?: string): true {
  if (code !== undefined) response.setHeader("x-error-code", code);
  if (message !== undefined) response.setHeader("x-error-message", message);
  return reply(response, status, {}, JSON.stringify({ error: message ?? "no" }));
}

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** As `git hash-object` has it. */
export const gitBlob = (content: Uint8Array): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

function metadata(content: Uint8Array, lfs: boolean) {
  const size = content.length;
  if (!lfs) return { size, blobId: gitBlob(content) };
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${size}\n`,
  );
  return { size, blobId: gitBlob(pointer), lfs: { sha256: sha256(content), size, pointerSize: pointer.length } };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
  headers: { etag: string },
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from > 0 && from >= content.length)
    return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
  const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(from > 0 ? 206 : 200, { ...headers, ...range, "content-length": content.length - from });
  response.end(request.method === "HEAD" ? undefined : content.subarray(from));
}

const heardOf = (at: Heard["at"], { method, url, headers }: IncomingMessage): Heard => ({
  at,
  method: method!,
  url: url!,
  range: headers.range,
  authorization: headers.authorization,
});

async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
