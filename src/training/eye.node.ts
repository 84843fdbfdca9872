/**
 * A frozen vision tower beside the training: it looks at the pictures of the next batch while the current one is learnt
 * from, and remembers what it saw of pictures that come again.
 */
import { axes, graph, input } from "../graph/index.js";
import type { Picture } from "../media/pixels.js";
import { type Vision, type VisionConfig, visionGrid, visionTower } from "../model/vision/tower.js";
import { bind } from "../nn/layers.js";
import { type Parameter, storedIn } from "../nn/parameters.js";
import { portable } from "../runtime/contract.js";
import type { Thread } from "../runtime/thread.js";
import { startThread } from "../runtime/thread.node.js";
import type { EyeThread } from "./eye.worker.js";
import { pixelsOf } from "./pictures.js";

export class Eye implements AsyncDisposable {
  readonly #thread: Thread<EyeThread>;
  readonly #config: VisionConfig;
  readonly #seen = new WeakMap<Picture, Float32Array>();

  private constructor(thread: Thread<EyeThread>, config: VisionConfig) {
    this.#thread = thread;
    this.#config = config;
  }

  /** @param params  the frozen tower */
  static async open(params: Vision<Parameter>, config: VisionConfig): Promise<Eye> {
    const pixels = input("pixels", "float32", axes("pictures", config.size, config.size, 3));
    const features = visionTower(bind(params, "vision"), config, pixels);
    const written = portable(graph({ features }), storedIn({ vision: params }));
    return new Eye(
      await startThread<EyeThread>(
        new URL("./eye.worker.js", import.meta.url),
        { graph: written },
        { name: "seeing thread" },
      ),
      config,
    );
  }

  /**
   * Features of pictures, [pictures, patches, visionWidth]; zeros for an absent one. A picture object met before is not
   * looked at again.
   */
  async features(pictures: readonly (Picture | undefined)[]): Promise<Float32Array> {
    const { patches, width } = visionGrid(this.#config);
    const { size } = this.#config;
    const fresh = [...new Set(pictures)].filter(
      (picture) => picture !== undefined && !this.#seen.has(picture),
    ) as Picture[];
    if (fresh.length > 0) {
      // The engine gives a picture that is alone other last digits than the same one among others.
      const together = fresh.length === 1 ? [...fresh, ...fresh] : fresh;
      const found = await this.#thread.remote.look(pixelsOf(together, size), [together.length, size, size, 3]);
      fresh.forEach((picture, i) => {
        this.#seen.set(picture, found.slice(i * patches * width, (i + 1) * patches * width));
      });
    }
    const all = new Float32Array(pictures.length * patches * width);
    pictures.forEach((picture, i) => {
      if (picture !== undefined) all.set(this.#seen.get(picture)!, i * patches * width);
    });
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
