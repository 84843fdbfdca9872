/** How the hub is reached and where its files are kept: the environment variables that Python's `huggingface_hub` knows. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { HubSettingError } from "./errors.js";

/** Read once from the environment and passed by hand from there. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** Folder of the cache. */
  readonly cache: string;
  /** Told to the endpoint, and to nobody else. */
  readonly token: string | undefined;
  /** Whether the network may not be asked. */
  readonly offline: boolean;
  /** Addresses of proxies, empty where there is none, and the hosts that need none. */
  readonly proxies: { readonly http: string; readonly https: string; readonly none: string };
  /** Milliseconds in which a server must say something. */
  readonly timeoutMs: number;
  /** Milliseconds before the first new try after a failure; each further wait is twice as long. */
  readonly retryMs: number;
}

/**
 * Settings as the environment has them:
 * - `HF_ENDPOINT`, or else `https://huggingface.co`
 * - `HF_HUB_CACHE` (older: `HUGGINGFACE_HUB_CACHE`), or else `hub` in `HF_HOME`, or else in `XDG_CACHE_HOME/huggingface`, or else in
 *   `~/.cache/huggingface`
 * - `HF_TOKEN`, or else the file that `HF_TOKEN_PATH` names, or else `token` in `HF_HOME`. Under
 *   `HF_HUB_DISABLE_IMPLICIT_TOKEN` no token is told.
 * - `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`)
 * - `HF_HUB_DOWNLOAD_TIMEOUT` in seconds, or else 30
 * - `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, and the same in small letters, which count first
 *
 * @throws {HubSettingError} for a value that cannot be meant.
 */
export async function hubSettings(env: Readonly<Record<string, string | undefined>>): Promise<HubSettings> {
  const home = folder(env.HF_HOME) ?? join(folder(env.XDG_CACHE_HOME) ?? join(homedir(), ".cache"), "huggingface");
  const http = env.http_proxy || env.HTTP_PROXY || "";
  return {
    endpoint: endpointOf(env.HF_ENDPOINT),
    cache: folder(env.HF_HUB_CACHE) ?? folder(env.HUGGINGFACE_HUB_CACHE) ?? join(home, "hub"),
    token: on(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : await tokenOf(env, home),
    offline: on(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    proxies: {
      http,
      https: env.https_proxy || env.HTTPS_PROXY || http,
      none: env.no_proxy || env.NO_PROXY || "",
    },
    timeoutMs: timeoutOf(env.HF_HUB_DOWNLOAD_TIMEOUT),
    retryMs: 1000,
  };
}

const on = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

function folder(value: string | undefined): string | undefined {
  if (!value) return undefined;
  return resolve(value.replace(/^~(?=$|[/\\])/, homedir()));
}

function endpointOf(value: string | undefined): string {
  if (!value) return "https://huggingface.co";
  const address = URL.canParse(value) ? new URL(value) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol) || address.search !== "" || address.hash !== "")
    throw new HubSettingError(
      `HF_ENDPOINT is "${value}"; expected the address of a hub, such as https://huggingface.co.`,
      "correct the variable HF_ENDPOINT, or unset it",
    );
  return value.replace(/\/+$/, "");
}

async function tokenOf(env: Readonly<Record<string, string | undefined>>, home: string): Promise<string | undefined> {
  const given = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  const path = folder(env.HF_TOKEN_PATH) ?? join(home, "token");
  const from = given ? "The variable HF_TOKEN" : `The file ${path}`;
  const written = given || (await readFile(path, "utf8").catch(() => ""));
  const token = written.replaceAll(/[\r\n]/g, "").trim();
  // A header could not hold it; and it must not be repeated in a message.
  if (/[^\x21-\x7e]/.test(token))
    throw new HubSettingError(
      `${from} holds spaces or characters that no token has.`,
      "copy the token again from the hub's settings, in one line",
    );
  return token === "" ? undefined : token;
}

function timeoutOf(value: string | undefined): number {
  if (!value) return 30_000;
  const seconds = Number(value);
  if (!(seconds > 0 && seconds <= 86_400))
    throw new HubSettingError(
      `HF_HUB_DOWNLOAD_TIMEOUT is "${value}"; expected seconds, from above 0 to 86400.`,
      "correct the variable, or unset it",
    );
  return 1000 * seconds;
}
