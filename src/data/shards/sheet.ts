/**
 * A datasheet in the sections of Gebru et al. (Datasheets for Datasets, arXiv 1803.09010). What the shards themselves tell is
 * filled in; the rest is asked of those who made them, and stays open until they answer.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../errors.js";
import { Tally } from "../tally.js";
import type { Summary } from "./distribution.js";
import { findShards } from "./find.js";
import { type PartManifest, readManifest } from "./index-file.js";
import { MANIFEST_NAME } from "./part.js";
import type { ShardStats } from "./stats.js";

/** What a sheet is written from. */
export interface SheetFacts {
  readonly name: string;
  readonly stats: ShardStats;
  /** Of the parts that are finished. */
  readonly manifests: readonly PartManifest[];
}

interface Question {
  /** By which an answer is given. */
  readonly key: string;
  readonly asks: string;
  /** What the shards tell of it. */
  readonly known?: (facts: SheetFacts) => string | undefined;
}

/** The sections in their order, and what each asks. */
export const SHEET: Readonly<Record<string, readonly Question[]>> = {
  Motivation: [
    { key: "purpose", asks: "For what purpose was it made, and which gap does it fill?" },
    { key: "makers", asks: "Who made it, and on whose behalf?" },
    { key: "funding", asks: "Who paid for it?" },
  ],
  Composition: [
    { key: "instances", asks: "What is one instance?", known: kindsInWords },
    { key: "count", asks: "How many are there?", known: countsInWords },
    { key: "sample", asks: "Is it all there is, or a sample, and how was that drawn?" },
    { key: "data", asks: "What does an instance consist of?", known: contentInWords },
    { key: "labels", asks: "Is there a label or target with each?", known: aboutInWords },
    { key: "missing", asks: "Is anything missing from instances, and why?", known: faultsInWords },
    { key: "relations", asks: "Are relations between instances made explicit?" },
    { key: "splits", asks: "Which splits are recommended?" },
    { key: "errors", asks: "Are there errors, noise or redundancies?" },
    { key: "external", asks: "Is it whole in itself, or does it point to what others keep?", known: ownedInWords },
    { key: "confidential", asks: "Does it hold anything confidential?" },
    { key: "offensive", asks: "Does it hold anything that may offend, threaten or frighten?" },
    {
      key: "people",
      asks: "Does it concern people; are groups of them, or persons, identifiable; is anything sensitive?",
    },
  ],
  "Collection process": [
    { key: "acquired", asks: "How was each instance acquired?", known: settingsInWords },
    { key: "mechanisms", asks: "With which devices or programs, and how were these checked?" },
    { key: "collectors", asks: "Who took part, and how were they paid?" },
    { key: "time", asks: "Over what time was it collected?" },
    { key: "ethics", asks: "Was there an ethical review?" },
    { key: "consent", asks: "Were the people concerned told, did they agree, and can they withdraw?" },
  ],
  "Preprocessing, cleaning, labelling": [
    { key: "preprocessing", asks: "What was done to the raw data?", known: tallyInWords },
    { key: "raw", asks: "Is the raw data kept as well?" },
    {
      key: "software",
      asks: "Is the software available?",
      known: () => "The command line of flamingo-ts; see its settings above.",
    },
  ],
  Uses: [
    { key: "used", asks: "What has it been used for?" },
    { key: "others", asks: "What else could it be used for?" },
    { key: "impact", asks: "Does anything in how it was made bear on future uses?" },
    { key: "unfit", asks: "What should it not be used for?" },
  ],
  Distribution: [
    { key: "distributed", asks: "To whom is it given, how, and when?" },
    { key: "format", asks: "In what form?", known: formatInWords },
    { key: "licence", asks: "Under which licence or terms?" },
    { key: "restrictions", asks: "Do rights of others, or export controls, restrict it?" },
  ],
  Maintenance: [
    { key: "maintainer", asks: "Who keeps it up, and how are they reached?" },
    { key: "erratum", asks: "Is there an erratum?" },
    { key: "updates", asks: "Will it be updated, by whom, how often?" },
    { key: "retention", asks: "How long is data about people kept?" },
    { key: "versions", asks: "Do older versions stay available?" },
    { key: "contributions", asks: "Can others add to it?" },
  ],
};

const OPEN = "*Not answered.*";

/**
 * The sheet as markdown.
 * @param answers  by the keys of `SHEET`; they stand after what the shards tell
 * @throws {UsageError} if an answer is given to what is not asked
 */
export function datasheet(facts: SheetFacts, answers: Readonly<Record<string, string>> = {}): string {
  const keys = Object.values(SHEET).flatMap((questions) => questions.map(({ key }) => key));
  const strange = Object.keys(answers).filter((key) => !keys.includes(key));
  if (strange.length > 0)
    throw new UsageError(`Nothing asks for ${strange.join(", ")}.`, `answer some of: ${keys.join(", ")}`);
  const sections = Object.entries(SHEET).map(([section, questions]) =>
    [
      `## ${section}`,
      ...questions.map(({ key, asks, known }) => {
        const said = [known?.(facts), answers[key]].filter((answer) => answer !== undefined);
        return `**${asks}** (\`${key}\`)\n\n${said.length === 0 ? OPEN : said.join("\n\n")}`;
      }),
    ].join("\n\n"),
  );
  return `${[`# Datasheet: ${facts.name}`, ...sections].join("\n\n")}\n`;
}

/** The manifests beside some tars, part by part. @throws {ShardError} if one is damaged */
export async function manifestsOf(paths: string | readonly string[]): Promise<PartManifest[]> {
  const folders = [...new Set((await findShards(paths)).map((file) => dirname(file)))];
  const found: PartManifest[] = [];
  for (const folder of folders)
    for (const name of (await readdir(folder)).filter((file) => MANIFEST_NAME.test(basename(file))).sort())
      found.push((await readManifest(join(folder, name)))!);
  return found;
}

const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 1 });

const spread = (of: string, summary: Summary | null): string[] =>
  summary === null
    ? []
    : [
        `- ${of}: ${number(summary.median)} at the median; ${number(summary.least)} to ${number(summary.most)}, four fifths of them from ${number(summary.tenth)} to ${number(summary.ninetieth)}`,
      ];

function kindsInWords({ stats: { kinds } }: SheetFacts): string {
  const names = {
    document: "texts with media between their words",
    pair: "pictures with a text",
    clip: "videos with a text",
    text: "texts alone",
  };
  const kept = Object.entries(names).filter(([kind]) => kinds[kind as keyof typeof kinds] > 0);
  return kept.map(([kind, name]) => `- ${number(kinds[kind as keyof typeof kinds])} ${name}`).join("\n");
}

function countsInWords({ stats: { records, images, videos, frames, tars, bytes } }: SheetFacts): string {
  return `Records: ${number(records)}. Images: ${number(images)}. Videos: ${number(videos)}, of ${number(frames)} frames. Tars: ${number(tars)}, of ${number(bytes)} bytes together.`;
}

function contentInWords({ stats }: SheetFacts): string {
  const { characters, words, mediaPerRecord, shorterSide, longerSide, types } = stats;
  return [
    "A text in UTF-8, media at whole numbers of its characters as compressed files, and what else is known as JSON.",
    "",
    ...spread("characters of a text", characters),
    ...spread("words of a text", words),
    ...spread("media of a record", mediaPerRecord),
    ...spread("pixels of a picture's shorter side", shorterSide),
    ...spread("pixels of its longer side", longerSide),
    ...Object.entries(types).map(
      ([type, { files, bytes }]) => `- ${number(files)} files of ${type}, ${number(bytes)} bytes`,
    ),
  ].join("\n");
}

function aboutInWords({ stats: { about, records } }: SheetFacts): string | undefined {
  const names = Object.entries(about).map(([name, count]) => `\`${name}\` (${number(count)} of ${number(records)})`);
  return names.length === 0 ? undefined : `Records tell of themselves: ${names.join(", ")}.`;
}

function faultsInWords({ stats: { tally } }: SheetFacts): string {
  const faults = Object.values(tally).flatMap(({ faults }) => Object.entries(faults));
  if (faults.length === 0) return "Every record in the tars can be read.";
  return `Not readable: ${faults.map(([reason, { count }]) => `${number(count)} (${reason})`).join(", ")}.`;
}

function ownedInWords(): string {
  return "Pictures and videos are in the tars themselves; addresses in the records say only where they were found.";
}

function settingsInWords({ manifests }: SheetFacts): string | undefined {
  const settings = [...new Set(manifests.map(({ settings }) => JSON.stringify(settings, null, 2)))];
  return settings.length === 0 ? undefined : settings.map((json) => `\`\`\`json\n${json}\n\`\`\``).join("\n\n");
}

function tallyInWords({ manifests }: SheetFacts): string | undefined {
  const tally = new Tally();
  for (const manifest of manifests) tally.merge(manifest.tally);
  const rows = Object.entries(tally.toJSON()).flatMap(([stage, { passed, dropped, faults }]) => [
    `| ${stage} | passed | ${number(passed)} |`,
    ...[dropped, faults].flatMap((reasons) =>
      Object.entries(reasons).map(([reason, { count }]) => `| ${stage} | ${reason} | ${number(count)} |`),
    ),
  ]);
  return rows.length === 0
    ? undefined
    : ["| stage | what became of records | count |", "|---|---|---|", ...rows].join("\n");
}

function formatInWords({ manifests, stats }: SheetFacts): string {
  const hashes =
    manifests.length === 0 ? "" : " An index beside each tar has its SHA-256, and every record's id and place.";
  return `WebDataset: ${number(stats.tars)} tars, the files of one record beside each other under one key.${hashes}`;
}
