/** The texts of a document as a policy has them: each as it is, or those that follow one another as one. */
import type { Document, Segment } from "./document.js";
import type { InterleavePolicy } from "./policies.js";

/** A segment, where it stood in the document, and what stood before it. */
export interface PlacedSegment {
  readonly segment: Segment;
  readonly index: number;
  readonly before: Segment | undefined;
}

/**
 * The segments of a document in order. Where there is no `<EOC>`, the end of a chunk is the end of an utterance or, if the
 * policy has none of that either, a new line before a text that directly follows.
 */
export function placed(document: Document, { texts, marks }: InterleavePolicy): PlacedSegment[] {
  const all = document.map((segment, index) => ({ segment, index, before: document[index - 1] }));
  if (texts === "apart") return all;
  const joined: PlacedSegment[] = [];
  const between = marks.endOfUtterance ?? "";
  let separator = between;
  for (const place of all) {
    const { segment } = place;
    const last = joined.at(-1);
    const text = last !== undefined && "text" in last.segment ? last.segment.text : undefined;
    const goOn = (more: string) => joined.splice(-1, 1, { ...last!, segment: { text: text + more } });
    if ("text" in segment) {
      const own = texts === "stripped" ? segment.text.replace(/^ +| +$/g, "") : segment.text;
      if (text === undefined) joined.push({ ...place, segment: { text: own } });
      else goOn(separator + own);
      separator = between;
    } else if ("endOfChunk" in segment && marks.eoc === undefined) {
      if (between !== "" && text !== undefined) goOn(between);
      separator = between === "" ? "\n" : "";
    } else {
      joined.push(place);
      separator = between;
    }
  }
  return joined;
}
