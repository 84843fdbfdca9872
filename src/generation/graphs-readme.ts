/** What whoever runs a model's two graphs without this library must know of them. */
import type { FlamingoFile } from "../checkpoints/flamingo-file.js";
import type { Axis, Graph } from "../graph/index.js";

/** What inputs and outputs are, by their names without numbers; the first that fits is told. */
const MEANINGS: readonly (readonly [name: RegExp, meaning: string])[] = [
  [
    /^pixels$/,
    "pictures, prepared as `preprocessor_config.json` says: channels last, (value / 255 - mean) / deviation",
  ],
  [/^visual \d+ (key|value)$/, "what that gated block reads of the pictures; pictures side by side along `seen`"],
  [/^tokens$/, "ids of `tokenizer.json`"],
  [/^lastMedia$/, "for each token, the number of the last picture before it, counted from 1; 0: none"],
  [/^mediaOfSeen$/, "for each row of `seen`, the number of the picture that it is of, counted from 1"],
  [/^positions$/, "the place of each token in its text, from 0"],
  [/^keyPositions$/, "the places of the tokens of the cache, then of the new ones"],
  [/^rows$/, "which of the batch x text tokens want logits, counted row by row"],
  [/^past \d+/, "what that block keeps of the tokens before; of length 0 at first"],
  [/^new \d+ recent$/, "replaces `past N recent`"],
  [/^new \d+/, "the new tokens' part, to be put behind `past N` of the same name"],
  [/^logits$/, "of the token that follows each chosen one, before softmax"],
];

/** The README beside `look.onnx` and `read.onnx`. */
export function graphsReadme({ name, limits, gated }: FlamingoFile, graphs: Readonly<Record<string, Graph>>): string {
  return [
    `# ${name}, as two ONNX graphs`,
    "",
    "`look.onnx` turns still images into what the gated blocks read of them; `read.onnx` reads tokens after those in its cache.",
    "To answer: look at the pictures, read the prompt with empty caches, take the likeliest token of `logits`, read that, and",
    "so on, with `new N` put behind `past N` after every call, until a mark that ends an answer.",
    "",
    `A prompt has at most ${limits.maximumMedia} pictures and ${limits.maximumTokens} tokens. \`config.json\` says how its marks are spelt. ${gated.attend === "all" ? "A token looks at all pictures up to its `lastMedia`." : "A token looks at the picture that is its `lastMedia`."}`,
    "Weights stand in the safetensors beside the graphs, which point into them: keep the files together. Operators of the domain",
    "`com.microsoft` are ONNX Runtime's.",
    ...Object.entries(graphs).flatMap(([graph, { inputs, outputs }]) => [
      "",
      `## ${graph}.onnx`,
      "",
      "| | name | type | axes | |",
      "|---|---|---|---|---|",
      ...[...inputs].map(([input, value]) => row("in", input, value)),
      ...[...outputs].map(([output, value]) => row("out", output, value)),
    ]),
    "",
  ].join("\n");
}

function row(way: string, name: string, { dtype, axes }: { readonly dtype: string; readonly axes: readonly Axis[] }) {
  const sizes = axes.map(({ name: axis, size }) =>
    size === undefined ? axis : axis === "" ? size : `${axis} = ${size}`,
  );
  const meaning = MEANINGS.find(([pattern]) => pattern.test(name))?.[1] ?? "";
  return `| ${way} | \`${name}\` | ${dtype} | [${sizes.join(", ")}] | ${meaning} |`;
}
