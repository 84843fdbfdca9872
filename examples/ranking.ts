/** Given answers, by how likely the model finds each: how the paper answers with a class. `npm run example -- ranking` */
import { image, openFlamingo } from "flamingo-ts";

await using flamingo = await openFlamingo();

const question = "Question: How many lemons are there? Answer:";
const { choices } = await flamingo.rank(
  [image("examples/pictures/three-lemons.png"), question],
  ["one", "two", "three", "four", "five"],
);

for (const { text, probability } of choices) console.log(`${probability.toFixed(3)}  ${text}`);
