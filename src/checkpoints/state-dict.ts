/** Where in a training checkpoint the model is. */
import { renamed, type TensorStore } from "./store.js";

/** Under these names trainings keep the tensors of the model beside those of the optimizer. */
const HOLDERS = ["model_state_dict", "state_dict"] as const;
/** Before every name stands this if the model was trained by several processes. */
const WRAPPER = "module.";

/**
 * The model's own tensors, whether the file has them alone or beside other things, wrapped or not.
 * @returns the tensors, and what was taken off their names: `model_state_dict.module.`, or nothing
 */
export function stateDict(whole: TensorStore): { readonly store: TensorStore; readonly taken: string } {
  const names = [...whole.entries.keys()];
  const holder =
    HOLDERS.map((name) => `${name}.`).find((prefix) => names.some((name) => name.startsWith(prefix))) ?? "";
  const held = names.filter((name) => name.startsWith(holder));
  const wrapped = held.length > 0 && held.every((name) => name.startsWith(holder + WRAPPER));
  const taken = wrapped ? holder + WRAPPER : holder;
  if (taken === "") return { store: whole, taken };
  return { store: renamed(whole, (name) => (name.startsWith(taken) ? name.slice(taken.length) : undefined)), taken };
}
