/** What binding would score if the answers did not come from the pictures, or not from the examples. */
import type { Picture } from "../../media/pixels.js";
import type { Task } from "../task.js";

const GREY: Picture = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(128) };

/** The task's own episodes with one and the same grey picture in every place: only words are left to go by. */
export function blank(task: Task): Task {
  return {
    ...task,
    name: `${task.name}-blank`,
    summary: `control: ${task.name}, every picture the same blank grey`,
    stream: task.stream ?? task.name,
    picture: () => GREY,
  };
}

/**
 * The task's own pictures, with each example's word, and the query's right one, drawn anew from the episode's words, each
 * independently: the examples say nothing about the answer.
 */
export function shuffled(task: Task): Task {
  return {
    ...task,
    name: `${task.name}-shuffled`,
    summary: `control: ${task.name}, the words of the examples drawn at random`,
    stream: task.stream ?? task.name,
    draw(random, things, index) {
      const { supports, query } = task.draw(random, things, index);
      const words = [...new Set(supports.map(({ answer }) => answer))].sort();
      const coins = random.fork("coins");
      const relabelled = supports.map((shown) => ({ ...shown, answer: coins.pick(words) }));
      return { supports: relabelled, query: { ...query, answer: coins.pick(words) } };
    },
  };
}
