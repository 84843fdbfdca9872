/** The API reference as pages of markdown: one for each entry point, and a first one that leads to them. */
import type { Doc, Entry, Group, Item } from "./exports.js";

const MARK = "<!-- Made from the docstrings by `npm run reference`. -->";

/** Pages by their names in `docs/reference`. */
export function referencePages(entries: readonly Entry[]): Map<string, string> {
  const homes = homesOf(entries);
  const places = placesOf(entries, homes);
  const pages = new Map<string, string>([["README.md", firstPage(entries, homes)]]);
  for (const entry of entries) pages.set(entry.page, entryPage(entry, homes, places));
  return pages;
}

/** A heading that no other on the page is like, though a type and a function may differ in a capital letter alone. */
const headingOf = ({ name, kind }: Item) => (kind === "function" ? name : `${kind} ${name}`);
const anchorOf = (item: Item) => headingOf(item).toLowerCase().replaceAll(" ", "-");

/** The page on which each export is told; others that have it too, lead there. */
type Homes = ReadonlyMap<string, string>;
const keyOf = ({ file }: Group, { name }: Item) => `${file} ${name}`;

function homesOf(entries: readonly Entry[]): Homes {
  const homes = new Map<string, string>();
  for (const { page, groups } of entries)
    for (const group of groups)
      for (const item of group.items) if (!homes.has(keyOf(group, item))) homes.set(keyOf(group, item), page);
  return homes;
}

/** `[axis](graph.md#axis)` */
const linkHome = (group: Group, item: Item, homes: Homes) =>
  `[${item.name}](${homes.get(keyOf(group, item))}#${anchorOf(item)})`;

/** Where each name is told: on its page, by its anchor. Two things of one name are on different pages. */
type Places = ReadonlyMap<string, readonly { readonly page: string; readonly anchor: string }[]>;

function placesOf(entries: readonly Entry[], homes: Homes): Places {
  const places = new Map<string, { page: string; anchor: string }[]>();
  for (const { page, groups } of entries)
    for (const group of groups)
      for (const item of group.items)
        if (homes.get(keyOf(group, item)) === page)
          places.set(item.name, [...(places.get(item.name) ?? []), { page, anchor: anchorOf(item) }]);
  return places;
}

/** A link to a name, to the own page first; undefined if nothing is called so. */
function linkTo(name: string, page: string, places: Places): string | undefined {
  const found = places.get(name);
  const place = found?.find((place) => place.page === page) ?? found?.[0];
  return place && `${place.page === page ? "" : place.page}#${place.anchor}`;
}

function firstPage(entries: readonly Entry[], homes: Homes): string {
  const sections = entries.map((entry) => {
    const links = entry.groups.flatMap((group) => group.items.map((item) => linkHome(group, item, homes)));
    return [`## [${entry.name}](${entry.page})`, "", summaryOf(entry), "", links.join(", ")].join("\n");
  });
  const opening = "What the package exports, by the names under which it is imported, from the docstrings of the code.";
  return `${["# Reference", MARK, opening, ...sections].join("\n\n")}\n`;
}

/** What an entry point says of itself, down to the first example. */
const summaryOf = ({ comment }: Entry) => comment.split("\n\n")[0]!;

/** What another page tells already is only named at the end, with a link to there. */
function entryPage({ name, page, comment, groups }: Entry, homes: Homes, places: Places): string {
  const isHere = (group: Group) => (item: Item) => homes.get(keyOf(group, item)) === page;
  const told = groups
    .map((group) => ({ ...group, items: group.items.filter(isHere(group)) }))
    .filter(({ items }) => items.length > 0)
    .map((group) => groupText(group, page, places));
  const links = groups.flatMap((group) =>
    group.items.filter((item) => !isHere(group)(item)).map((item) => linkHome(group, item, homes)),
  );
  const elsewhere = links.length === 0 ? [] : [`## Told on other pages\n\n${links.join(", ")}`];
  return `${[`# ${name}`, MARK, comment, ...told, ...elsewhere].join("\n\n")}\n`;
}

function groupText({ file, comment, items }: Group, page: string, places: Places): string {
  const texts = items.map((item) => itemText(item, page, places));
  const opening = comment === "" ? [] : [linked(comment, [], page, places)];
  return [`## [${file}](../../${file})`, ...opening, ...texts].join("\n\n");
}

function itemText(item: Item, page: string, places: Places): string {
  const own = [item.name, ...item.parameters];
  // `Value` stands in nearly every signature of the graph, and says nothing new.
  const types = item.types.flatMap((name) => {
    const link = name === item.name || name === "Value" ? undefined : linkTo(name, page, places);
    return link === undefined ? [] : [`[${name}](${link})`];
  });
  return [
    `### ${headingOf(item)}`,
    ["```typescript", item.signature, "```"].join("\n"),
    ...(item.doc === undefined ? [] : [docText(item.doc, own, page, places)]),
    ...(types.length === 0 ? [] : [`Types: ${types.join(", ")}`]),
  ].join("\n\n");
}

function docText({ text, params, returns, throws, source }: Doc, own: readonly string[], page: string, places: Places) {
  const thrown = (name: string) => (places.has(name) ? `\`${name}\`` : `[\`${name}\`](../errors.md)`);
  const points = [
    ...params.map(([name, what]) => `- \`${name}\`: ${what}`),
    ...(returns === undefined ? [] : [`- returns ${returns}`]),
    ...throws.map(
      (what) =>
        `- throws ${what.replace(/^\{([^}]*)\}/, (_, names: string) => names.split(" | ").map(thrown).join(", "))}`,
    ),
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
