/** Requests to the hub: redirections, the token, proxies, and failures in words. */
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { FlamingoError } from "../../errors.js";
import { HubAnswerError, HubNetworkError, HubSettingError } from "./errors.js";
import { type Asked, refusalError } from "./refusals.js";
import type { HubSettings } from "./settings.node.js";
import type { HubSource } from "./source.js";

/** A way to one repository. Close it when all is said. */
export interface Wire {
  /** The text of the listing. @throws as `get`, and {HubAnswerError} if it is longer than any listing */
  listing(signal: AbortSignal | undefined): Promise<string>;
  /** Headers of a file, from the hub itself: where the file lies elsewhere, they speak of what lies there. */
  head(commit: string, file: string, signal: AbortSignal | undefined): Promise<Answer>;
  /**
   * A file from a byte on.
   * @returns an answer of status 200, 206 or 416
   * @throws {HubNetworkError | HubAccessError | HubNotFoundError | HubAnswerError}
   */
  get(commit: string, file: string, from: number, signal: AbortSignal | undefined): Promise<Answer>;
  /** An error that came while an answer's body was read, in words. */
  told(error: unknown, file: string, answer: Answer): unknown;
  close(): Promise<void>;
}

/** An answer whose body has not been read. */
export interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Dispatcher.ResponseData["body"];
  /** Where it came from, after redirections. */
  readonly from: URL;
}

const REDIRECTIONS = 10;
const LONGEST_LISTING = 2 ** 26;
const OK = new Set([200, 206]);

/** Failures that may pass, by the codes of Node and of undici. */
const PASSING = new Set(
  "ECONNRESET EPIPE ETIMEDOUT EAI_AGAIN ENETUNREACH ENETDOWN EHOSTUNREACH UND_ERR_SOCKET UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_RES_CONTENT_LENGTH_MISMATCH".split(
    " ",
  ),
);
/** These are mostly a wrong name or address; but not where there was an answer before. */
const UNREACHABLE = new Set(["ENOTFOUND", "ECONNREFUSED"]);

/** @throws {HubSettingError} if the address of a proxy is none */
export function openWire(source: HubSource, settings: HubSettings): Wire {
  const { endpoint, timeoutMs, token } = settings;
  const agent = agentOf(settings);
  const repository = `${source.owner}/${source.name}`;
  let answered = false;

  const address = (commit: string, file: string) =>
    new URL(`${endpoint}/${repository}/resolve/${commit}/${file.split("/").map(encodeURIComponent).join("/")}`);
  const asked = (file: string | undefined): Asked => ({ endpoint, source, file, token: token !== undefined });

  const told = (error: unknown, file: string | undefined, at: URL): unknown =>
    connectionError(error, file ?? repository, at, settings.proxies, answered);

  /** One answer, wherever the hub sends us for it; with `here`, only where its own pages have moved to. */
  async function ask(
    method: "GET" | "HEAD",
    start: URL,
    { file, from = 0, here = false }: { file?: string; from?: number; here?: boolean },
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    let url = start;
    for (let redirections = 0; redirections <= REDIRECTIONS; redirections++) {
      const known = url.origin === new URL(endpoint).origin;
      const response = await request(url, {
        method,
        dispatcher: agent,
        signal: signal ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          "user-agent": "flamingo-ts",
          "accept-encoding": "identity",
          // What the token opens is the hub's; a store of files is given an address that is signed instead.
          ...(known && token !== undefined ? { authorization: `Bearer ${token}` } : {}),
          ...(from > 0 ? { range: `bytes=${from}-` } : {}),
        },
      }).catch((error) => {
        signal?.throwIfAborted();
        throw told(error, file, url);
      });
      answered = true;
      const { statusCode: status, headers, body } = response;
      // It may break before it is read; whoever reads it is told then.
      body.on("error", () => {});
      const header = (name: string) => (Array.isArray(headers[name]) ? headers[name][0] : headers[name]);
      const answer = { status, header, body, from: url };
      const next = status >= 300 && status < 400 ? redirection(header("location"), url) : undefined;
      if (next === undefined || (here && next.origin !== url.origin)) return answer;
      await leave(body);
      url = next;
    }
    throw new HubAnswerError(
      `${start.href} leads on to other addresses more than ${REDIRECTIONS} times.`,
      "check HF_ENDPOINT and the proxies",
    );
  }

  return {
    async listing(signal) {
      const revision = encodeURIComponent(source.revision);
      const url = new URL(`${endpoint}/api/models/${repository}/revision/${revision}?blobs=true`);
      const answer = await ask("GET", url, {}, signal);
      if (!OK.has(answer.status)) {
        await leave(answer.body);
        throw refusalError(asked(undefined), answer);
      }
      const pieces: Buffer[] = [];
      let length = 0;
      try {
        for await (const piece of answer.body as AsyncIterable<Buffer>) {
          length += piece.length;
          if (length > LONGEST_LISTING)
            throw new HubAnswerError(
              `The listing of ${url.href} goes on after ${LONGEST_LISTING} bytes.`,
              "check that HF_ENDPOINT is the address of a hub",
            );
          pieces.push(piece);
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw told(error, undefined, answer.from);
      }
      return Buffer.concat(pieces).toString("utf8");
    },
    async head(commit, file, signal) {
      const answer = await ask("HEAD", address(commit, file), { file, here: true }, signal);
      await leave(answer.body);
      if (answer.status >= 400) throw refusalError(asked(file), answer);
      return answer;
    },
    async get(commit, file, from, signal) {
      const answer = await ask("GET", address(commit, file), { file, from }, signal);
      const encoding = answer.header("content-encoding") ?? "identity";
      if (OK.has(answer.status) && encoding === "identity") return answer;
      await leave(answer.body);
      if (answer.status === 416 && from > 0) return answer;
      if (OK.has(answer.status))
        throw new HubAnswerError(
          `${file}: ${answer.from.host} sent it encoded as ${encoding}, which was not asked for.`,
          "check the proxies: something on the way changes what is sent",
        );
      throw refusalError(asked(file), answer);
    },
    told: (error, file, answer) => told(error, file, answer.from),
    close: () => agent.destroy(),
  };
}

function agentOf({ proxies, timeoutMs }: HubSettings): Dispatcher {
  try {
    return new EnvHttpProxyAgent({
      httpProxy: proxies.http,
      httpsProxy: proxies.https,
      noProxy: proxies.none,
      connect: { timeout: timeoutMs },
    });
  } catch (cause) {
    throw new HubSettingError(
      `A proxy's address cannot be read: ${(cause as Error).message}.`,
      "write HTTP_PROXY and HTTPS_PROXY as http://HOST:PORT, or unset them",
      { cause },
    );
  }
}

function redirection(location: string | undefined, from: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const next = new URL(location, from);
  return /^https?:$/.test(next.protocol) ? next : undefined;
}

/** What is not read must not be kept open. */
async function leave(body: Dispatcher.ResponseData["body"]): Promise<void> {
  await body.dump({ limit: 2 ** 16 }).catch(() => {});
}

/** A failure below HTTP; everything else as it is. */
function connectionError(error: unknown, what: string, at: URL, proxies: HubSettings["proxies"], answered: boolean) {
  const code = error instanceof FlamingoError ? undefined : codeOf(error);
  if (code === undefined) return error;
  const proxy = at.protocol === "https:" ? proxies.https : proxies.http;
  const through = proxy === "" ? "" : ` (proxy ${withoutSecrets(proxy)})`;
  const problem = `${what} could not be fetched from ${at.host}${through}: ${reasonOf(error, code)}.`;
  const passing = PASSING.has(code) || (answered && UNREACHABLE.has(code));
  return new HubNetworkError(problem, mendFor(code, proxy), { passing, cause: error });
}

function mendFor(code: string, proxy: string): string {
  if (/CERT|UNABLE_TO_VERIFY/.test(code))
    return "if your network signs certificates itself, name the file with its own in NODE_EXTRA_CA_CERTS; otherwise trust no such server";
  if (proxy !== "")
    return "check HTTPS_PROXY and HTTP_PROXY, with user and password if it wants them, or except the host by NO_PROXY";
  return "check the network and HF_ENDPOINT; behind a proxy, set HTTPS_PROXY; with HF_HUB_OFFLINE=1 only the cache is asked";
}

/** The code of an error, or of what caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : codeOf(error.cause);
}

function reasonOf(error: unknown, code: string): string {
  const { message } = error as Error;
  if (message === "") return code;
  return message.includes(code) ? message : `${message} (${code})`;
}

/** A proxy's address may hold a password. */
function withoutSecrets(address: string): string {
  return address.replace(/\/\/[^/@]*@/, "//");
}
