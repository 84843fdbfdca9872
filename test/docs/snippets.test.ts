/** Every command and snippet of the documents is run as it stands there. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, describe, expect, it } from "vitest";
import { launchChromium, noChromium, serveFolder } from "../support/chromium.js";
import { anchorsOf, type Block, blocksOf, commandsOf, linksOf, PAGES, ROOT, textOf } from "../support/markdown.js";

const execute = promisify(execFile);
const OMNIGLOT = join(ROOT, "../shared/data/omniglot");
const MINUTES = 60_000;

/** A folder as a reader has it after cloning: the examples, a command called flamingo, the library to import. */
const folder = mkdtempSync(join(tmpdir(), "flamingo-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(ROOT, "examples"), join(folder, "examples"), { recursive: true });
mkdirSync(join(folder, "bin"));
symlinkSync(join(ROOT, "bin/flamingo.js"), join(folder, "bin/flamingo"));
mkdirSync(join(folder, "node_modules"));
symlinkSync(ROOT, join(folder, "node_modules/flamingo-ts"));
symlinkSync(join(ROOT, "node_modules/vite"), join(folder, "node_modules/vite"));
if (existsSync(OMNIGLOT)) symlinkSync(OMNIGLOT, join(folder, "omniglot"));
writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');

/** Runs a shell command; its standard output. What it says on the error output is in the message if it fails. */
async function shell(command: string, cwd: string): Promise<string> {
  const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
  const env = { ...process.env, PATH, NO_COLOR: "1", npm_config_loglevel: "error" };
  const { stdout } = await execute("bash", ["-euo", "pipefail", "-c", command], { cwd, env, maxBuffer: 1 << 26 });
  return stdout;
}

/** Bundles a program as a page, beside nano and a picture, and waits until it says something: an answer and its probability. */
async function runInBrowser(program: string, settings: string): Promise<void> {
  const page = join(folder, "page");
  mkdirSync(page);
  writeFileSync(join(page, "index.html"), '<!doctype html><script type="module" src="./main.ts"></script>');
  writeFileSync(join(page, "main.ts"), program);
  writeFileSync(join(page, "vite.config.ts"), settings);
  await build({ root: page, logLevel: "warn" });
  cpSync(join(ROOT, "models/nano"), join(page, "dist/nano"), { recursive: true });
  cpSync(join(ROOT, "examples/pictures/lemon.png"), join(page, "dist/lemon.png"));
  await using served = await serveFolder(join(page, "dist"));
  const chromium = await launchChromium();
  try {
    const opened = await chromium.newPage();
    const said = opened.waitForEvent("console", {
      predicate: (message) => message.type() === "log",
      timeout: 4 * MINUTES,
    });
    const failed = new Promise<never>((_, reject) => void opened.on("pageerror", reject));
    await opened.goto(served.address);
    expect((await Promise.race([said, failed])).text()).toMatch(/^\S.* [01]\.\d+$/);
  } finally {
    await chromium.close();
  }
}

/** What a block asks of the test: `run: with --steps 2`, `run: in the repository`, `run: elsewhere, in .ci/run`. */
const instruction = ({ comment }: Block): string => /^run: (.*)$/.exec(comment ?? "")?.[1] ?? "";

describe.each(PAGES)("%s", (page) => {
  const blocks = blocksOf(page);
  let printed = "";

  it("links to files and headings that there are", () => {
    const dead = linksOf(page).filter((link) => {
      const [path, anchor] = link.split("#") as [string, string?];
      const meant = path === "" ? page : posix.join(dirname(page), path);
      if (!existsSync(join(ROOT, meant))) return true;
      return anchor !== undefined && !anchorsOf(meant).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it("speaks of files, and of names in them, that there are", () => {
    const [text, path] = [
      textOf(page).replaceAll(/\s+/g, " "),
      "(?:src|test|docs|tools|examples|bench|models)/[\\w./-]+",
    ];
    const files = [...text.matchAll(new RegExp(`\`(${path})\``, "g"))].map((match) => match[1]!);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const named = text.matchAll(new RegExp(`((?:\`\\w+\`(?:, | and )?)+) in \`(${path}\\.ts)\``, "g"));
    const missing = [...named].flatMap(([, names, file]) =>
      [...names!.matchAll(/`(\w+)`/g)].filter(([, name]) => !readFileSync(join(ROOT, file!), "utf8").includes(name!)),
    );
    expect(missing).toEqual([]);
  });

  it("says of every block what language it is in", () => {
    // Declarations of the reference, which are no programs, are called by the language's long name.
    const known = ["sh", "ts", "json", "text", ...(page.startsWith("docs/reference/") ? ["typescript"] : [])];
    expect(blocks.filter(({ language }) => !known.includes(language)).map(({ line }) => line)).toEqual([]);
  });

  for (const block of blocks.filter(({ language }) => language === "sh")) {
    const told = instruction(block);
    const title = commandsOf(block.code)[0] ?? "nothing";
    if (told.startsWith("elsewhere")) {
      it(`line ${block.line} is run ${told}: ${title}`, () => {
        const place = /in (\S+)$/.exec(told)?.[1] ?? "";
        expect(existsSync(join(ROOT, place)), `${place} exists`).toBe(true);
        if (place === ".ci/run")
          for (const command of block.code.trim().split(" && "))
            expect(readFileSync(join(ROOT, place), "utf8")).toContain(command);
      });
      continue;
    }
    it(`line ${block.line} runs: ${title}`, { timeout: 5 * MINUTES }, async (context) => {
      if (/--omniglot/.test(block.code) && !existsSync(OMNIGLOT))
        context.skip("the handwriting is not there (../shared)");
      const more = told.startsWith("with ") ? ` ${told.slice(5)}` : "";
      printed = "";
      for (const command of commandsOf(block.code))
        printed += await shell(command + more, told === "in the repository" ? ROOT : folder);
    });
  }

  for (const block of blocks.filter(({ comment }) => comment === "output"))
    it(`line ${block.line} is what is printed`, () => {
      expect(printed.trim()).toBe(block.code.trim());
    });

  for (const block of blocks.filter(({ language }) => language === "json"))
    it(`line ${block.line} is JSON`, () => {
      expect(() => JSON.parse(block.code)).not.toThrow();
    });

  for (const block of blocks.filter((block) => instruction(block) === "in a browser")) {
    const title = `line ${block.line} runs in a browser, bundled with the settings of this page`;
    if (noChromium !== undefined) it.skip(`${title}: skipped, for ${noChromium}`, () => undefined);
    else
      it(title, { timeout: 5 * MINUTES }, async () => {
        const settings = blocks.find((block) => instruction(block) === "as vite.config.ts")!;
        await runInBrowser(block.code, settings.code);
      });
  }

  for (const block of blocks) {
    const file = /^from: (\S+)$/.exec(block.comment ?? "")?.[1];
    if (file === undefined) continue;
    it(`line ${block.line} stands so in ${file}`, () => {
      expect(readFileSync(join(ROOT, file), "utf8")).toContain(block.code);
    });
  }

  const elsewhere = ({ comment = "" }: Block) => comment.startsWith("from:") || comment === "run: in a browser";
  for (const block of blocks.filter((block) => block.language === "ts" && !elsewhere(block)))
    it(`line ${block.line} is TypeScript, strict, and runs`, { timeout: 2 * MINUTES }, async () => {
      const name = `${page.replaceAll(/\W/g, "-")}-${block.line}`;
      writeFileSync(join(folder, `${name}.ts`), block.code);
      const options = "--strict --target es2023 --module nodenext --lib es2023,esnext.disposable,dom --types node";
      const roots = `--typeRoots ${join(ROOT, "node_modules/@types")}`;
      await shell(`${join(ROOT, "node_modules/.bin/tsc")} ${name}.ts ${options} ${roots} --skipLibCheck`, folder);
      await shell(`node ${name}.js`, folder);
    });
});
