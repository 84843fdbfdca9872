/**
 * How far a model of any size says in fewer bits what it says in full: it writes answers, and then the same model, held
 * otherwise, is asked for its logits along them. For checkpoints that were imported, of which no more than one is in memory.
 */
import { openEverything } from "#dist/data/world/everything.node.js";
import { interleavedPage } from "#dist/data/world/interleaved.js";
import { illustrate, thingsOf } from "#dist/data/world/pages.js";
import { EMBEDDED, openFlamingo } from "#dist/generation/flamingo.node.js";
import { logSoftmax } from "#dist/generation/language-state.js";
import type { Held } from "#dist/nn/quantised.js";
import type { Document } from "#dist/prompt/document.js";
import { Random } from "#dist/random.js";
import { type Effort, type Page, type Row, table, written } from "./measure.js";

/** Tokens of an answer at most. */
const LONGEST = 20;

/** A prompt, and what the model wrote after it with its logits before each token. */
interface Answered {
  readonly document: Document;
  readonly tokens: readonly number[];
  readonly logits: readonly Float32Array[];
}

export async function agreement(
  effort: Effort,
  { model = EMBEDDED }: { readonly model?: string | undefined },
): Promise<Page> {
  const wanted = effort.small ? 30 : 1000;
  const exact = await answersOf(model, wanted);
  const compared = exact.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const rows: Row[] = [];
  const lines: string[][] = [];
  for (const held of ["int8", "int4"] as const) {
    const { divergence, same } = await compare(model, held, exact);
    rows.push({
      name: `${held}: same token`,
      value: same,
      unit: "share of tokens",
      against: "f32",
      ratio: same,
      target: null,
    });
    rows.push({ name: `${held}: divergence`, value: divergence, unit: "nats", against: "f32", ratio: 0, target: null });
    lines.push([held, divergence.toExponential(1), `${written(100 * same, 1)}%`]);
  }
  const text = [
    `${compared} tokens that the model wrote after ${exact.length} prompts with pictures. Mean divergence of the distributions of the next token (Kullback-Leibler, nats), and how often the likeliest is the same.`,
    "",
    table([["weights", "divergence", "same likeliest token"], ...lines]),
  ].join("\n");
  return { text, rows };
}

async function answersOf(folder: string, wanted: number): Promise<Answered[]> {
  await using model = await openFlamingo(folder, { dtype: "f32" });
  const answered: Answered[] = [];
  const world = await openEverything();
  const random = new Random("bench-agreement");
  for (let count = 0, i = 0; count < wanted; i++) {
    const own = random.fork(i);
    const page = interleavedPage(own);
    await world.artwork.load(thingsOf(page));
    const whole = illustrate(page, world, own, { size: model.config.vision.size });
    const last = whole.findLastIndex((segment) => "image" in segment);
    if (last < 0) continue;
    const document = [...whole.slice(0, last + 1), { text: "Output:" }];
    using read = await model.read(document);
    const { tokens } = await model.write(read, { maximumTokens: LONGEST });
    const logits = await along(read.state, tokens);
    answered.push({ document, tokens, logits });
    count += Math.max(1, tokens.length);
  }
  return answered;
}

async function compare(
  folder: string,
  dtype: Held,
  exact: readonly Answered[],
): Promise<{ divergence: number; same: number }> {
  await using model = await openFlamingo(folder, { dtype });
  let [divergence, same, count] = [0, 0, 0];
  for (const { document, tokens, logits } of exact) {
    using read = await model.read(document);
    const found = await along(read.state, tokens);
    for (const [i, own] of found.entries()) {
      const [p, q] = [logSoftmax(logits[i]!), logSoftmax(own)];
      divergence += p.reduce((sum, logP, id) => sum + Math.exp(logP) * (logP - q[id]!), 0);
      same += p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q)) ? 1 : 0;
      count++;
    }
  }
  return { divergence: divergence / count, same: same / count };
}

/** Logits before each of some tokens. */
async function along(
  state: { readonly logits: Float32Array; extend(token: number): Promise<typeof state>; release?(): void },
  tokens: readonly number[],
): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  let at = state;
  for (const token of tokens) {
    logits.push(at.logits);
    const next = await at.extend(token);
    if (at !== state) at.release?.();
    at = next;
  }
  if (at !== state) at.release?.();
  return logits;
}
