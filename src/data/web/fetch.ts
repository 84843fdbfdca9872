/**
 * Pages and pictures from the web, fetched as a guest: never from private addresses, within bounds of size and time,
 * as `robots.txt` allows, one request of a host after another.
 */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, type Dispatcher, request } from "undici";
import { UsageError } from "../../errors.js";
import { decompressed } from "./http-answer.js";
import { isPrivate } from "./private-addresses.js";
import { ALLOWS_ALL, ROBOTS_BYTES, type Robots, readRobots } from "./robots.js";

/** The bounds of a guest. */
export interface FetchOptions {
  /** Most bytes of an answer, compressed or not; 20 MiB unless told. */
  readonly maxBytes?: number;
  /** Longest silence, 10 seconds unless told. */
  readonly silenceMs?: number;
  /** Longest time of a request, of which each redirection is one; 30 seconds unless told. */
  readonly timeoutMs?: number;
  /** Least time between the beginnings of two requests to a host; 1 second unless told. A site may ask for more. */
  readonly perHostMs?: number;
  /** Longest pause between requests that a site may ask for before it is left alone; 30 seconds unless told. */
  readonly maxDelayMs?: number;
  readonly maxRedirects?: number;
  /** The name under which sites are asked; `robots.txt` knows us by what stands before its slash. */
  readonly agent?: string;
  /** Whether `robots.txt` is asked and followed; unless told, it is. */
  readonly robots?: boolean;
  /** Hosts that may be private, each with its port (`localhost:8080`) or at the ports of the web. */
  readonly allowHosts?: readonly string[];
  /** Looks a name up; the system unless told. */
  readonly lookup?: (name: string) => Promise<readonly LookupAddress[]>;
}

/** What came from an address. */
export interface Fetched {
  /** Where it came from, after redirections. */
  readonly url: string;
  readonly type: string;
  readonly body: Buffer;
}

/** Why nothing came; the reasons are counted by these words. */
export interface NotFetched {
  readonly fault:
    | "address not of the web"
    | "private address"
    | "forbidden by robots.txt"
    | "too many redirections"
    | "status"
    | "too large"
    | "too slow"
    | "unreachable"
    | "body damaged";
  readonly found: string;
}

/** A host that was too slow so often in a row is not asked for so long: else a page could make us wait for each of its pictures. */
const SLOW_TIMES = 3;
const SLOW_REST_MS = 600_000;

/** A connection was refused before it was opened. */
class PrivateAddress extends Error {}

/** Fetches from many hosts, and remembers what each of them asks for. Close it when all is fetched. */
export class Fetcher implements AsyncDisposable {
  readonly #options: Required<FetchOptions>;
  readonly #guarded: Agent;
  /** For hosts that may be private. */
  readonly #open: Agent;
  readonly #allowed: ReadonlySet<string>;
  readonly #robots = new Map<string, Promise<Robots | NotFetched>>();
  /** When the next request of a host may begin. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Hosts whose last answers were too slow: how many in a row, and when the last of them ended. */
  readonly #slow = new Map<string, { readonly times: number; readonly at: number }>();

  constructor(options: FetchOptions = {}) {
    this.#options = {
      maxBytes: 20 * 2 ** 20,
      silenceMs: 10_000,
      timeoutMs: 30_000,
      perHostMs: 1000,
      maxDelayMs: 30_000,
      maxRedirects: 5,
      agent: "flamingo-ts/0.1",
      robots: true,
      allowHosts: [],
      lookup: resolve,
      ...options,
    };
    const { silenceMs, allowHosts } = this.#options;
    this.#allowed = new Set(allowHosts.flatMap(hostsAllowed));
    const agent = (lookup: LookupFunction) =>
      new Agent({
        connect: { lookup, timeout: silenceMs },
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
        maxHeaderSize: 32 * 1024,
      });
    this.#guarded = agent(this.#lookup(isPrivate));
    this.#open = agent(this.#lookup(() => false));
  }

  /** Fetches an address. Nothing that a site does makes it throw. */
  async fetch(address: string): Promise<Fetched | NotFetched> {
    let url = webAddress(address);
    for (let redirections = 0; redirections <= this.#options.maxRedirects; redirections++) {
      if (url === undefined) return { fault: "address not of the web", found: address.slice(0, 200) };
      const robots = this.#options.robots ? await this.#robotsOf(url) : ALLOWS_ALL;
      if ("fault" in robots) return robots;
      if (!robots.allows(url.pathname + url.search)) return { fault: "forbidden by robots.txt", found: url.href };
      const pause = Math.max(this.#options.perHostMs, 1000 * (robots.delay ?? 0));
      if (pause > Math.max(this.#options.maxDelayMs, this.#options.perHostMs))
        return { fault: "forbidden by robots.txt", found: `${url.host} asks for ${robots.delay} s between requests` };
      const answer = await this.#inTurn(url, pause, "file");
      if (!("redirect" in answer)) return answer;
      url = webAddress(answer.redirect, url);
    }
    return { fault: "too many redirections", found: address };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#open.destroy()]);
  }

  /** The connection is made to what was checked: a name is not looked up again, when it may lead elsewhere. */
  #lookup(refused: (address: string) => boolean): LookupFunction {
    return (name, options, callback) => {
      this.#options.lookup(name).then(
        (found) => {
          const usable = found.filter(({ address }) => !refused(address));
          const [first] = usable;
          if (first === undefined)
            callback(new PrivateAddress(`${name} is at ${found.map(({ address }) => address).join(", ")}`), "", 0);
          else if (options.all) callback(null, usable);
          else callback(null, first.address, first.family);
        },
        (error) => callback(error, "", 0),
      );
    };
  }

  #robotsOf({ origin }: URL): Promise<Robots | NotFetched> {
    let robots = this.#robots.get(origin);
    if (robots === undefined) {
      robots = this.#askRobots(origin);
      this.#robots.set(origin, robots);
    }
    return robots;
  }

  /** RFC 9309, 2.3.1: a site that has no rules to show has none; one that fails to show them is left alone. */
  async #askRobots(origin: string): Promise<Robots | NotFetched> {
    let url: URL | undefined = new URL("/robots.txt", origin);
    for (let redirections = 0; redirections <= this.#options.maxRedirects && url !== undefined; redirections++) {
      const answer: Answer = await this.#inTurn(url, this.#options.perHostMs, "robots");
      if ("body" in answer) return readRobots(answer.body.toString("utf8"), this.#options.agent.split("/")[0]!);
      if ("fault" in answer) {
        if (answer.fault !== "status") return answer;
        return /^4(?!29)/.test(answer.found) ? ALLOWS_ALL : { ...answer, fault: "forbidden by robots.txt" };
      }
      url = webAddress(answer.redirect, url);
    }
    return ALLOWS_ALL;
  }

  /** One request of a host after another, and not sooner than its pause allows. */
  async #inTurn(url: URL, pauseMs: number, what: "robots" | "file"): Promise<Answer> {
    const before = this.#turns.get(url.host) ?? Promise.resolve();
    const answer = before.then(async () => ({ began: performance.now(), answer: await this.#askPatiently(url, what) }));
    const over = answer.then(({ began }) => {
      const rest = began + pauseMs - performance.now();
      return rest > 0 ? new Promise((done) => setTimeout(done, rest)) : undefined;
    });
    this.#turns.set(url.host, over);
    over.then(() => {
      if (this.#turns.get(url.host) === over) this.#turns.delete(url.host);
    });
    return (await answer).answer;
  }

  async #askPatiently(url: URL, what: "robots" | "file"): Promise<Answer> {
    const { times = 0, at = 0 } = this.#slow.get(url.host) ?? {};
    if (times >= SLOW_TIMES && performance.now() - at < SLOW_REST_MS)
      return { fault: "too slow", found: `${url.host}, as the last ${times} times: ${url.href} was not asked for` };
    const answer = await this.#ask(url, what);
    if ("fault" in answer && answer.fault === "too slow")
      this.#slow.set(url.host, { times: times + 1, at: performance.now() });
    else this.#slow.delete(url.host);
    return answer;
  }

  async #ask(url: URL, what: "robots" | "file"): Promise<Answer> {
    const { agent, timeoutMs, silenceMs, maxBytes } = this.#options;
    const allowed = this.#allowed.has(`${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // What is no name is not looked up: the connection would not be checked.
    if (!allowed && isIP(host) !== 0 && isPrivate(host)) return { fault: "private address", found: url.href };
    try {
      const response = await request(url, {
        dispatcher: allowed ? this.#open : this.#guarded,
        signal: AbortSignal.timeout(timeoutMs),
        headers:
          what === "robots"
            ? { "user-agent": agent, accept: "text/plain,*/*;q=0.5" }
            : { "user-agent": agent, "accept-encoding": "gzip, br", accept: "text/html,image/*;q=0.9,*/*;q=0.5" },
      });
      return what === "robots"
        ? await readAnswer(url, response, 20 * ROBOTS_BYTES, ROBOTS_BYTES)
        : await readAnswer(url, response, maxBytes);
    } catch (error) {
      if (causedBy(error, (cause) => cause instanceof PrivateAddress))
        return { fault: "private address", found: `${url.href}: ${(error as Error).message}` };
      const slow = causedBy(error, ({ name, code }) => name === "TimeoutError" || /TIMEOUT/.test(code ?? ""));
      if (slow) return { fault: "too slow", found: `${url.href}: ${timeoutMs} ms in all, ${silenceMs} ms of silence` };
      const { code, message } = error as NodeJS.ErrnoException;
      return { fault: "unreachable", found: `${url.href}: ${code ?? message}` };
    }
  }
}

type Answer = Fetched | NotFetched | { readonly redirect: string };

/** @param first  so many bytes are enough, of an answer that may go on: it ends with their last whole line */
async function readAnswer(
  url: URL,
  response: Dispatcher.ResponseData,
  maxBytes: number,
  first = Number.POSITIVE_INFINITY,
): Promise<Answer> {
  const { statusCode: status, body } = response;
  const header = (name: string) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const leave = <Result>(result: Result): Result => {
    // What nobody reads is not waited for: it may never end.
    body.on("error", () => {}).destroy();
    return result;
  };
  const location = header("location");
  if (status >= 300 && status < 400 && location !== undefined) return leave({ redirect: location });
  if (status !== 200) return leave({ fault: "status", found: `${status} ${url.href}` });
  const tooLarge = { fault: "too large", found: `${url.href}: more than ${maxBytes} bytes` } as const;
  if (Math.min(first, Number(header("content-length") ?? 0)) > maxBytes) return leave(tooLarge);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length;
    pieces.push(piece);
    if (length > maxBytes) return leave(tooLarge);
    if (length > first) {
      leave(undefined);
      break;
    }
  }
  const plain = decompressed(Buffer.concat(pieces), header("content-encoding"), maxBytes);
  if (Buffer.isBuffer(plain)) {
    const end = plain.length > first ? plain.lastIndexOf("\n", first) + 1 : plain.length;
    return { url: url.href, type: header("content-type") ?? "", body: plain.subarray(0, end) };
  }
  return plain.fault === "body too large" ? tooLarge : { fault: "body damaged", found: `${url.href}: ${plain.found}` };
}

/** A host with its port, or with both ports of the web. @throws {UsageError} if it is none */
function hostsAllowed(host: string): readonly string[] {
  const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const url = URL.canParse(`http://${name}:${port ?? 80}`) ? new URL(`http://${name}:${port ?? 80}`) : undefined;
  if (url === undefined || url.pathname !== "/" || url.hostname === "")
    throw new UsageError(
      `${JSON.stringify(host)} is no host.`,
      "give a name or an address, with a port: localhost:8080",
    );
  return (port === undefined ? ["80", "443"] : [port]).map((each) => `${url.hostname}:${Number(each)}`);
}

function webAddress(address: string, base?: URL): URL | undefined {
  if (!URL.canParse(address, base?.href)) return undefined;
  const url = new URL(address, base);
  url.hash = "";
  url.username = "";
  url.password = "";
  return /^https?:$/.test(url.protocol) ? url : undefined;
}

function resolve(name: string): Promise<LookupAddress[]> {
  return new Promise((done, fail) => {
    systemLookup(name, { all: true }, (error, addresses) => (error === null ? done(addresses) : fail(error)));
  });
}

/** Whether an error, what it came from, or one of several that it stands for is of a kind. */
function causedBy(error: unknown, is: (error: NodeJS.ErrnoException) => boolean): boolean {
  if (!(error instanceof Error)) return false;
  const others = error instanceof AggregateError ? error.errors : [];
  return is(error) || [error.cause, ...others].some((cause) => causedBy(cause, is));
}
