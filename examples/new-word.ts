/**
 * Two things that the model was never shown get words that mean nothing, by three examples each; then it is asked for one of
 * them. The examples are read once, whatever is asked after them. `npm run example -- new-word`
 */
import { image, openFlamingo, type Prompt } from "flamingo-ts";

const picture = (name: string) => image(`examples/pictures/${name}.png`);

const examples: Prompt = [
  [picture("penguin-1"), "Output: dax"],
  [picture("rocket-1"), "Output: blicket"],
  [picture("rocket-2"), "Output: blicket"],
  [picture("penguin-2"), "Output: dax"],
  [picture("rocket-3"), "Output: blicket"],
  [picture("penguin-3"), "Output: dax"],
].flat();

await using flamingo = await openFlamingo();

// Greedy is the likeliest next word at every step; a beam of 3, the paper's width, looks for the likeliest answer as a whole.
using read = await flamingo.read([...examples, picture("penguin-4"), "Output:"]);
for (const options of [{}, { beam: 3 }, { temperature: 1, seed: 1 }]) {
  const { tokens, logProb } = await flamingo.write(read, options);
  const how = JSON.stringify(options).padEnd(30);
  console.log(`${how} ${flamingo.tokenizer.decode(tokens).trim()}  (probability ${Math.exp(logProb).toFixed(2)})`);
}
