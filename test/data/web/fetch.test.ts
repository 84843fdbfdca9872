import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fetcher, type FetchOptions } from "../../../src/data/web/fetch.js";
import { isPrivate } from "../../../src/data/web/private-addresses.js";
import { readRobots } from "../../../src/data/web/robots.js";

interface Site {
  readonly host: string;
  readonly asked: { readonly path: string; readonly at: number }[];
  readonly server: Server;
}

async function site(answer: RequestListener): Promise<Site> {
  const asked: { path: string; at: number }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url!, at: performance.now() });
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

/** A site as pages would wish it to be asked; `inner` is one that they must not reach. */
let outer: Site;
let inner: Site;
beforeAll(async () => {
  inner = await site((_, response) => response.end("secret"));
  const { port } = inner.server.address() as AddressInfo;
  outer = await site((request, response) => {
    const path = request.url!;
    const send = (status: number, body: string | Buffer, headers = {}) => response.writeHead(status, headers).end(body);
    if (path === "/robots.txt") return send(200, "User-agent: *\nDisallow: /closed\n");
    if (path === "/page") return send(200, "<p>hello</p>", { "content-type": "text/html" });
    if (path === "/packed") return send(200, gzipSync("<p>packed</p>"), { "content-encoding": "gzip" });
    if (path === "/bomb") return send(200, gzipSync(Buffer.alloc(5_000_000)), { "content-encoding": "gzip" });
    if (path === "/hop") return send(302, "", { location: "/page#part" });
    if (path === "/loop") return send(302, "", { location: "/loop" });
    if (path === "/inwards") return send(302, "", { location: `http://127.0.0.1:${port}/` });
    if (path === "/inwards-by-name") return send(302, "", { location: `http://rebound.test:${port}/` });
    if (path === "/closed-hop") return send(302, "", { location: "/closed/x" });
    if (path === "/file") return send(302, "", { location: "file:///etc/passwd" });
    if (path === "/large") return send(200, Buffer.alloc(200_000));
    if (path === "/cut")
      return response.writeHead(200, { "content-length": "100" }).write("x", () => response.destroy());
    if (path === "/silent") return undefined;
    if (path === "/endless" || path === "/drip") {
      response.writeHead(200);
      const piece = path === "/drip" ? "x" : "x".repeat(10_000);
      const timer = setInterval(() => response.write(piece), path === "/drip" ? 50 : 1);
      return response.on("close", () => clearInterval(timer));
    }
    return send(404, "");
  });
});
afterAll(() => {
  for (const { server } of [outer, inner]) {
    server.closeAllConnections();
    server.close();
  }
});

const bounds: FetchOptions = { maxBytes: 100_000, silenceMs: 300, timeoutMs: 900, perHostMs: 0 };

async function fetched(path: string, options: FetchOptions = {}) {
  const lookup = async () => [{ address: "127.0.0.1", family: 4 }];
  await using fetcher = new Fetcher({ ...bounds, allowHosts: [outer.host], lookup, ...options });
  const url = path.startsWith("/") ? `http://${outer.host}${path}` : path;
  const found = await fetcher.fetch(url);
  return "fault" in found ? found.fault : { ...found, body: found.body.toString() };
}

describe("fetching", () => {
  it("gives a page with its kind and its address, decompressed and after redirections", async () => {
    const page = { url: `http://${outer.host}/page`, type: "text/html", body: "<p>hello</p>" };
    expect(await fetched("/page")).toEqual(page);
    expect(await fetched("/hop")).toEqual(page);
    expect(await fetched("/packed")).toMatchObject({ body: "<p>packed</p>" });
    expect(await fetched("/nothing")).toBe("status");
  });

  it("refuses private addresses: spelt out, in odd spellings, in answers of the name service, and in redirections", async () => {
    const port = inner.host.split(":")[1];
    for (const host of ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]", "0", "any.test", "localhost"])
      expect(await fetched(`http://${host}:${port}/`), host).toBe("private address");
    expect(await fetched("/inwards")).toBe("private address");
    expect(await fetched("/inwards-by-name")).toBe("private address");
    expect(inner.asked).toEqual([]);
  });

  it("connects to an address that was checked, though a second answer of the name service would be another", async () => {
    let answers = 0;
    const lookup = async () => [{ address: ++answers === 1 ? "192.0.2.1" : "8.8.8.8", family: 4 }];
    expect(await fetched(`http://rebound.test:${inner.host.split(":")[1]}/`, { lookup, robots: false })).toBe(
      "private address",
    );
    expect(answers).toBe(1);
  });

  it("takes addresses of the web only, in redirections too", async () => {
    for (const address of ["file:///etc/passwd", "data:,x", "ftp://a.test/", "no address", ""])
      expect(await fetched(address === "" ? " " : address)).toBe("address not of the web");
    expect(await fetched("/file")).toBe("address not of the web");
  });

  it("ends what is large, silent, dripping, endless, cut off, expanding or redirected for ever", async () => {
    const began = performance.now();
    expect(await fetched("/large")).toBe("too large");
    expect(await fetched("/endless")).toBe("too large");
    expect(await fetched("/bomb")).toBe("too large");
    expect(await fetched("/silent")).toBe("too slow");
    expect(await fetched("/drip")).toBe("too slow");
    expect(await fetched("/cut")).toBe("unreachable");
    expect(await fetched("/loop")).toBe("too many redirections");
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("follows robots.txt, in redirections too, and asks for it once", async () => {
    expect(await fetched("/closed/x")).toBe("forbidden by robots.txt");
    expect(await fetched("/closed-hop")).toBe("forbidden by robots.txt");
    expect(await fetched("/closed/x", { robots: false })).toBe("status");
    await using fetcher = new Fetcher({ ...bounds, allowHosts: [outer.host] });
    const before = outer.asked.filter(({ path }) => path === "/robots.txt").length;
    await Promise.all([1, 2, 3].map(() => fetcher.fetch(`http://${outer.host}/page`)));
    expect(outer.asked.filter(({ path }) => path === "/robots.txt").length).toBe(before + 1);
  });

  it("leaves a site alone whose robots.txt fails, and not one that has none", async () => {
    for (const [status, expected] of [
      [503, "forbidden by robots.txt"],
      [429, "forbidden by robots.txt"],
      [404, "x"],
    ] as const) {
      const { host, server } = await site((request, response) =>
        response.writeHead(request.url === "/robots.txt" ? status : 200).end("x"),
      );
      const found = await fetched(`http://${host}/`, { allowHosts: [host] });
      expect(typeof found === "string" ? found : found.body).toBe(expected);
      server.closeAllConnections();
      server.close();
    }
  });

  it("reads the first 500 KiB of a robots.txt that is larger, up to the last whole line", async () => {
    const rules = `User-agent: *\nDisallow: /closed\n${"# filler\n".repeat(60_000)}Disallow: /${"x".repeat(100)}`;
    for (const packed of [false, true]) {
      const { host, server } = await site((request, response) => {
        if (request.url !== "/robots.txt") return response.end("x");
        if (packed) return response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(rules));
        response.writeHead(200, { "content-length": rules.length * 100 });
        return response.write(rules);
      });
      const options = { allowHosts: [host] };
      expect(await fetched(`http://${host}/open`, options)).toMatchObject({ body: "x" });
      expect(await fetched(`http://${host}/closed`, options)).toBe("forbidden by robots.txt");
      server.closeAllConnections();
      server.close();
    }
  });

  it("asks a host no more that was too slow three times in a row", async () => {
    await using fetcher = new Fetcher({ ...bounds, timeoutMs: 200, allowHosts: [outer.host] });
    const before = outer.asked.length;
    const faults = [];
    for (const path of ["silent", "silent", "page", "silent", "silent", "silent", "page", "page"]) {
      const found = await fetcher.fetch(`http://${outer.host}/${path}`);
      faults.push("fault" in found ? found.fault : "");
    }
    expect(faults).toEqual(["too slow", "too slow", "", ...Array(5).fill("too slow")]);
    // With robots.txt.
    expect(outer.asked.length - before).toBe(7);
  });

  it("takes hosts that may be private with their port or without, and nothing that is no host", async () => {
    const { port } = inner.server.address() as AddressInfo;
    const options = { robots: false };
    expect(await fetched(`http://any.test:${port}/`, { ...options, allowHosts: [`any.test:${port}`] })).toMatchObject({
      body: "secret",
    });
    for (const host of ["any.test", "any.test:80", `other.test:${port}`])
      expect(await fetched(`http://any.test:${port}/`, { ...options, allowHosts: [host] }), host).toBe(
        "private address",
      );
    for (const address of ["http://any.test/", "https://any.test/"])
      expect(await fetched(address, { ...options, allowHosts: ["any.test"] }), address).toBe("unreachable");
    expect(await fetched("https://any.test/", { ...options, allowHosts: ["any.test:443"] })).toBe("unreachable");
    for (const host of ["", "a b", "http://a.test", "a.test/x", "::1"])
      expect(() => new Fetcher({ allowHosts: [host] }), host).toThrow("is no host");
  });

  it("asks a host one thing after another, as far apart as it was told, and as the site asks", async () => {
    const { host, asked, server } = await site((request, response) =>
      response.end(request.url === "/robots.txt" ? "User-agent: flamingo-ts\nCrawl-delay: 0.2" : "x"),
    );
    await using fetcher = new Fetcher({ ...bounds, perHostMs: 100, allowHosts: [host] });
    await Promise.all([1, 2, 3].map((n) => fetcher.fetch(`http://${host}/${n}`)));
    const gaps = asked.slice(1).map(({ at }, n) => at - asked[n]!.at);
    expect(gaps).toHaveLength(3);
    // A timer may be a little early, and the first request on its way longer than the next.
    expect(gaps[0]).toBeGreaterThan(60);
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThan(160);
    server.closeAllConnections();
    server.close();
  });
});

describe("private addresses", () => {
  it("are those of IANA's registries, whichever way they are written", () => {
    const refused =
      "10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.31.0.1 192.168.0.1 198.18.0.1 224.0.0.1 255.255.255.255 0.0.0.0 ::1 :: ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 ::10.0.0.1 64:ff9b::a00:1 2002:a00:1:: fe80::1%eth0 fd00::1 ff02::1 2001:db8::1 nonsense";
    for (const address of refused.split(" ")) expect(isPrivate(address), address).toBe(true);
    for (const address of "8.8.8.8 172.32.0.1 100.128.0.1 ::ffff:8.8.8.8 2606:4700::1111 2a00:1450::1".split(" "))
      expect(isPrivate(address), address).toBe(false);
  });
});

describe("robots.txt", () => {
  const allows = (text: string, path: string) => readRobots(text, "flamingo-ts").allows(path);

  it("lets the longest rule decide, and of equals the one that allows", () => {
    const text = "User-Agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /same\nDisallow: /same";
    expect(["/", "/a", "/a/x", "/a/b", "/a/b/c", "/same", "/robots.txt"].filter((path) => allows(text, path))).toEqual([
      "/",
      "/a/b",
      "/same",
      "/robots.txt",
    ]);
  });

  it("knows * and $, in time that does not explode", () => {
    const text = "User-agent: *\nDisallow: /*.gif$\nDisallow: /x*y*z\nDisallow: /end$";
    expect(
      ["/a.gif", "/a.gif?b", "/x1y2z3", "/xyz", "/xzy", "/end", "/ending", "/a.gif.gif"].filter(
        (path) => !allows(text, path),
      ),
    ).toEqual(["/a.gif", "/x1y2z3", "/xyz", "/end", "/a.gif.gif"]);
    const began = performance.now();
    expect(allows(`User-agent: *\nDisallow: ${"/*a".repeat(2000)}b$`, "/a".repeat(2000))).toBe(true);
    expect(allows(`User-agent: *\nDisallow: /a${" ".repeat(400_000)}b\nDisallow: /c`, "/c")).toBe(false);
    // What grows with the square takes minutes.
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("prefers all groups that name the robot to those of everyone", () => {
    const text =
      "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Flamingo-TS\nDisallow: /a # not this\n\nUser-agent: flamingo-ts\nDisallow: /b";
    expect(["/", "/a", "/b"].map((path) => allows(text, path))).toEqual([true, false, false]);
    expect(readRobots(text, "someone").allows("/")).toBe(false);
    expect(allows("User-agent: *\nDisallow: /\n\nUser-agent: Flamingo-TS/0.1 (all of them)\nAllow: /", "/")).toBe(true);
  });

  it("compares addresses in one spelling, and takes broken lines for nothing", () => {
    expect(allows("User-agent: *\nDisallow: /caf%c3%a9", "/café")).toBe(false);
    expect(allows("User-agent: *\nDisallow: /%61", "/a")).toBe(false);
    expect(allows("\uFEFFuser-agent:*\nnonsense\nDisallow:\n: x\nAllow /", "/a")).toBe(true);
    expect(allows("Disallow: /\n", "/a")).toBe(true);
  });
});
