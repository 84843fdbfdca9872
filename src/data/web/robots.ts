/** What a site asks of robots. @source RFC 9309 */

/** The rules of a `robots.txt` that are meant for one robot. */
export interface Robots {
  /** Whether an address may be fetched, by its path and query. */
  allows(path: string): boolean;
  /** Seconds between two requests that the site asks for. Not of the standard, and common. */
  readonly delay: number | undefined;
}

/** Bytes of a `robots.txt` that are read, and what comes after them is not; the standard asks for 500 KiB at least. */
export const ROBOTS_BYTES = 500 * 1024;

export const ALLOWS_ALL: Robots = { allows: () => true, delay: undefined };

interface Rule {
  readonly allow: boolean;
  readonly pattern: string;
}

interface Group {
  readonly agents: string[];
  readonly rules: Rule[];
  delay: number | undefined;
}

/**
 * Reads a `robots.txt`. Groups that name the robot count together; only where there is none do those of `*`.
 * @param agent  the robot's name without its version, in any case
 */
export function readRobots(text: string, agent: string): Robots {
  const groups: Group[] = [];
  let open = false;
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    const [said = ""] = line.split("#", 1);
    const colon = said.indexOf(":");
    const name = said.slice(0, colon).trim().toLowerCase();
    const value = said.slice(colon + 1).trim();
    if (colon < 0) continue;
    if (name === "user-agent") {
      if (!open) groups.push({ agents: [], rules: [], delay: undefined });
      // Many write a version behind the name, where none belongs.
      groups.at(-1)!.agents.push(value.toLowerCase().split(/[/\s]/, 1)[0]!);
      open = true;
      continue;
    }
    const group = groups.at(-1);
    if (group === undefined || !["allow", "disallow", "crawl-delay"].includes(name)) continue;
    open = false;
    if (name === "crawl-delay") group.delay = Number.isFinite(Number(value)) ? Number(value) : undefined;
    // An empty rule matches nothing.
    else if (value !== "") group.rules.push({ allow: name === "allow", pattern: normal(value) });
  }
  const named = (name: string) => groups.filter(({ agents }) => agents.includes(name));
  const own = named(agent.toLowerCase());
  const mine = own.length > 0 ? own : named("*");
  const rules = mine.flatMap((group) => group.rules);
  return {
    delay: mine.find(({ delay }) => delay !== undefined)?.delay,
    allows(path) {
      const asked = normal(path);
      if (asked === "/robots.txt") return true;
      let best: Rule | undefined;
      for (const rule of rules)
        if (matches(rule.pattern, asked)) {
          const longer = rule.pattern.length - (best?.pattern.length ?? -1);
          if (longer > 0 || (longer === 0 && rule.allow)) best = rule;
        }
      return best?.allow ?? true;
    },
  };
}

/** The same path is compared in one spelling: what need not be escaped is not, the rest in capitals. */
function normal(path: string): string {
  return path
    .replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character))
    .replaceAll(/%[0-9a-f]{2}/gi, (escaped) => {
      const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
      return /[\w.~-]/.test(character) ? character : escaped.toUpperCase();
    });
}

/** Whether a path begins as a pattern says; `*` is anything, `$` at the end is the end. In time that no pattern can blow up. */
function matches(pattern: string, path: string): boolean {
  const toEnd = pattern.endsWith("$");
  const [first, ...others] = (toEnd ? pattern.slice(0, -1) : pattern).split("*");
  if (!path.startsWith(first!)) return false;
  let at = first!.length;
  for (const [n, part] of others.entries()) {
    // The last part has to end the path: there is no choice of where it stands.
    if (toEnd && n === others.length - 1) return path.length - part.length >= at && path.endsWith(part);
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return !toEnd || at === path.length;
}
