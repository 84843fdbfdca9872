/** Two captioned pictures show what is wanted; the third is captioned in the same way. `npm run example -- captions` */
import { image, openFlamingo } from "flamingo-ts";

await using flamingo = await openFlamingo();

const { text, logProb, timings } = await flamingo.generate([
  image("examples/pictures/lemon.png"),
  "Output: a lemon",
  image("examples/pictures/guitar.png"),
  "Output: a guitar",
  image("examples/pictures/strawberry.png"),
  "Output:",
]);

const milliseconds = timings.lookMs + timings.readMs + timings.writeMs;
console.log(`${text}  (probability ${Math.exp(logProb).toFixed(2)}, ${milliseconds.toFixed(0)} ms)`);
