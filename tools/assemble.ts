/** Assembles the optimizer's WebAssembly into a module that holds its bytes: `npm run assemble`. */
import { readFile, writeFile } from "node:fs/promises";
import openWabt from "wabt";

const source = "src/training/optimizer.wat";
const { parseWat } = await openWabt();
const { buffer } = parseWat(source, await readFile(source, "utf8"), { simd: true }).toBinary({});
const text = `/** ${source}, assembled. */\nexport const MODULE = "${Buffer.from(buffer).toString("base64")}";\n`;
await writeFile("src/training/optimizer.generated.ts", text);
