/** Naming what training has shown, drawn as it never was. */
import { knownConcepts, nounPhrase, sceneOf } from "../../data/world/index.js";
import { captioning } from "../../prompt/templates.js";
import type { Task } from "../task.js";

/**
 * One known thing in a new rendering, and the open prompt `<image> Output:` alone. The paper's two text-only examples are
 * left out: they show a model the form of an answer, and nano was trained on this very form.
 */
export const captionKnown: Task = {
  name: "caption-known",
  summary: "names a known thing in a new rendering",
  template: captioning,
  chance: 1 / knownConcepts.length,
  draw(random) {
    const concept = random.pick(knownConcepts);
    return {
      supports: [],
      query: { scene: sceneOf(random, [{ concept }]), question: "", answer: nounPhrase(concept) },
    };
  },
};
