/** The API reference as pages of markdown: one for each entry point, and a first one that leads to them. */
import type { Doc, Entry, Group, Item } from "./exports.js";

const MARK = "<!-- Made from the docstrings by `npm run reference`. -->";

/** Pages by their names in `docs/reference`. */
export function referencePages(entries: readonly Entry[]): Map<string, string> {
  const places = placesOf(entries);
  const pages = new Map<string, string>([["README.md", firstPage(entries)]]);
  for (const entry of entries) pages.set(entry.page, entryPage(entry, places));
  return pages;
}

/** A heading that no other on the page is like, though a type and a function may differ in a capital letter alone. */
const headingOf = ({ name, kind }: Item) => (kind === "function" ? name : `${kind} ${name}`);
const anchorOf = (item: Item) => headingOf(item).toLowerCase().replaceAll(" ", "-");
const itemsOf = ({ groups }: Entry) => groups.flatMap(({ items }) => items);

/** Where each name stands: on its page, by its anchor. A name of several entry points stands on each of their pages. */
type Places = ReadonlyMap<string, readonly { readonly page: string; readonly anchor: string }[]>;

function placesOf(entries: readonly Entry[]): Places {
  const places = new Map<string, { page: string; anchor: string }[]>();
  for (const entry of entries)
    for (const item of itemsOf(entry))
      places.set(item.name, [...(places.get(item.name) ?? []), { page: entry.page, anchor: anchorOf(item) }]);
  return places;
}

/** A link to a name, to the own page first; undefined if nothing is called so. */
function linkTo(name: string, page: string, places: Places): string | undefined {
  const found = places.get(name);
  const place = found?.find((place) => place.page === page) ?? found?.[0];
  return place && `${place.page === page ? "" : place.page}#${place.anchor}`;
}

function firstPage(entries: readonly Entry[]): string {
  const sections = entries.map((entry) => {
    const links = itemsOf(entry).map((item) => `[${item.name}](${entry.page}#${anchorOf(item)})`);
    return [`## [${entry.name}](${entry.page})`, "", summaryOf(entry), "", links.join(", ")].join("\n");
  });
  const opening = "What the package exports, by the names under which it is imported, from the docstrings of the code.";
  return `${["# Reference", MARK, opening, ...sections].join("\n\n")}\n`;
}

/** What an entry point says of itself, down to the first example. */
const summaryOf = ({ comment }: Entry) => comment.split("\n\n")[0]!;

function entryPage(entry: Entry, places: Places): string {
  const groups = entry.groups.map((group) => groupText(group, entry, places));
  return `${[`# ${entry.name}`, MARK, entry.comment, ...groups].join("\n\n")}\n`;
}

function groupText({ file, comment, items }: Group, { page }: Entry, places: Places): string {
  const texts = items.map((item) => itemText(item, page, places));
  const opening = comment === "" ? [] : [linked(comment, [], page, places)];
  return [`## [${file}](../../${file})`, ...opening, ...texts].join("\n\n");
}

function itemText(item: Item, page: string, places: Places): string {
  const own = [item.name, ...item.parameters];
  const types = [...new Set(item.signature.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").match(/\b[A-Z]\w*\b/g))]
    .filter((name) => !own.includes(name))
    .flatMap((name) => {
      const link = linkTo(name, page, places);
      return link === undefined || name === "Value" ? [] : [`[${name}](${link})`];
    });
  return [
    `### ${headingOf(item)}`,
    ["```typescript", item.signature, "```"].join("\n"),
    ...(item.doc === undefined ? [] : [docText(item.doc, own, page, places)]),
    ...(types.length === 0 ? [] : [`Types: ${types.join(", ")}`]),
  ].join("\n\n");
}

function docText({ text, params, returns, throws, source }: Doc, own: readonly string[], page: string, places: Places) {
  const points = [
    ...params.map(([name, what]) => `- \`${name}\`: ${what}`),
    ...(returns === undefined ? [] : [`- returns ${returns}`]),
    ...throws.map((what) => `- throws ${what.replace(/^\{(\w+)\}/, "`$1`")}`),
    ...source.map((what) => `- source: ${what}`),
  ];
  return linked([text, points.join("\n")].filter((part) => part !== "").join("\n\n"), own, page, places);
}

/** Names of exports between backticks become links; `own` names are those of the thing itself and its parameters. */
function linked(text: string, own: readonly string[], page: string, places: Places): string {
  return text.replaceAll(/`(\w+)(?:\(\))?`/g, (code, name: string) => {
    const link = own.includes(name) ? undefined : linkTo(name, page, places);
    return link === undefined ? code : `[${code}](${link})`;
  });
}
