/** Every run page of the repository. */
import type { Run } from "../run.js";
import { nano } from "./nano.js";
import { nanoLanguage } from "./nano-language.js";
import { nanoVision } from "./nano-vision.js";
import { tiny } from "./tiny.js";

export const RUNS: readonly Run[] = [nanoLanguage, nanoVision, nano, tiny];
