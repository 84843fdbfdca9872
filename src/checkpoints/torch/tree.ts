/** The tensors among nested dictionaries and lists, by their dotted paths. */
import { PickleError } from "../errors.js";
import { twice } from "../store.js";
import { Made } from "./globals.js";
import { Tuple } from "./pickle-machine.js";

/** Deeper dictionaries than any checkpoint has. */
const DEEPEST = 64;
/** Characters of the longest path. */
const LONGEST_NAME = 1024;

/**
 * Every tensor of what a pickle holds. Whatever is none is left aside.
 *
 * @param length  of the pickle, in bytes: as many things may be visited. One that holds itself, or the same again and again,
 *   is refused rather than unfolded.
 * @throws {PickleError} for more, for names that are no names, and for things inside themselves
 * @throws {ModelFolderError} for two tensors of one name
 */
export function tensorsIn(value: unknown, place: string, length: number): Map<string, Made> {
  const tensors = new Map<string, Made>();
  let left = length;
  const refuse = (problem: string) =>
    new PickleError(`${place}: what was pickled ${problem}.`, "save the model's state_dict() alone");
  const visit = (node: unknown, path: string, depth: number): void => {
    if (depth > DEEPEST) throw refuse(`has dictionaries more than ${DEEPEST} deep, or one inside itself`);
    if (node instanceof Made) {
      const name = path === "" ? "tensor" : path;
      if (tensors.has(name)) throw twice(place, name, "the same dotted path in two dictionaries");
      tensors.set(name, node);
    } else if (node instanceof Map) for (const [key, item] of node) below(path, key, item, depth);
    else if (node instanceof Tuple)
      node.items.forEach((item, i) => {
        below(path, i, item, depth);
      });
    else if (Array.isArray(node))
      node.forEach((item, i) => {
        below(path, i, item, depth);
      });
  };
  const below = (path: string, key: unknown, item: unknown, depth: number): void => {
    if (--left < 0) throw refuse("holds the same things so often that they are more than the file's bytes");
    if (!holds(item)) return;
    if (typeof key !== "string" && typeof key !== "number") throw refuse("names something by neither text nor number");
    const name = path === "" ? `${key}` : `${path}.${key}`;
    if (name.length > LONGEST_NAME) throw refuse(`has a name of ${name.length} characters, ${name.slice(0, 40)}…`);
    visit(item, name, depth + 1);
  };
  visit(value, "", 0);
  return tensors;
}

function holds(item: unknown): boolean {
  return item instanceof Made || item instanceof Map || item instanceof Tuple || Array.isArray(item);
}
