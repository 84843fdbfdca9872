/**
 * Makes `concepts.generated.ts` from the installed icon set: `node dist/data/world/make-concepts.js > src/data/world/concepts.generated.ts`.
 *
 * The table is committed so that a newer icon set cannot move a trained model's concepts.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { openArtwork } from "./artwork.js";
import { groupOf } from "./grouping.js";
import { familyOf, nameOf } from "./naming.js";
import { COLOUR_NAMES, coloursOf } from "./palette.js";

/** The table's rows: id, name, family, group and colours between bars, the first colour with `!` when it is clearly the main one. */
export async function conceptRows(): Promise<string[]> {
  const { categories } = createRequire(import.meta.url)("@iconify-json/noto/metadata.json") as {
    categories: Record<string, string[]>;
  };
  const artwork = await openArtwork();
  const rows: string[] = [];
  for (const [category, ids] of Object.entries(categories)) {
    for (const id of ids) {
      const name = nameOf(id);
      if (name === undefined) continue;
      const group = groupOf(name, category);
      await artwork.load([id]);
      const { colours, clear } = coloursOf(artwork.sprite(id).full.data);
      const said = COLOUR_NAMES.find((colour) => new RegExp(`\\b${colour}\\b`).test(name));
      const painted = said
        ? `${said}!`
        : colours.map((colour, i) => (clear && i === 0 ? `${colour}!` : colour)).join(" ");
      rows.push([id, name, familyOf(name, group), group, painted].join("|"));
    }
  }
  return rows.sort();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const rows = await conceptRows();
  process.stdout.write(
    `/** Made by make-concepts.ts; id|name|family|group|colours. */\nexport const CONCEPT_ROWS = \`\n${rows.join("\n")}\n\`;\n`,
  );
}
