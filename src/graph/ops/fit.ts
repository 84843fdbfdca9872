/** Ops that cut out a part and put it back where the places follow from sizes that are only known when the graph runs. */
import { GraphError } from "../errors.js";
import { apply, type Emitter, type InputGradient, type Op, type Value } from "../value.js";

/** Where a part lies along an axis: from `start` on, behind all of some other values. */
export interface Place {
  readonly at: number;
  readonly start: number;
}

export const fitOps = {
  /** Of the first input, as many entries along `at` as the second has, behind as many as all further ones have. */
  TakeOut: {
    name: "TakeOut",
    takes: ["any"],
    types: ([x, part], { at }) => [{ dtype: x!.dtype, axes: x!.axes.with(at, part!.axes[at]!) }],
    emit: (emit, { inputs: [x, part, ...before], outputs: [y] }, place) => {
      const [begin, end] = [emitBegin(emit, before, place), emit.fresh("end")];
      emit.node("Add", [begin, emitSize(emit, part!, place)], [end]);
      emit.node("Slice", [emit.nameOf(x!), begin, end, emit.integers([place.at])], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [x, , ...before] }, place): InputGradient[] => [() => putBack(g, x!, before, place)],
  } satisfies Op<Place>,

  /** The first input among zeros, so that it has the axes of the second, behind as many as all further ones have. */
  PutBack: {
    name: "PutBack",
    takes: ["number", "any"],
    types: ([part, whole], { at }) => {
      if (part!.axes.length !== whole!.axes.length)
        throw new GraphError("a part of other axes than the whole", "reshape one of them");
      return [{ dtype: part!.dtype, axes: part!.axes.with(at, whole!.axes[at]!) }];
    },
    emit: (emit, { inputs: [part, whole, ...before], outputs: [y] }, place) => {
      const names = { room: emit.fresh("room"), after: emit.fresh("after"), pads: emit.fresh("pads") };
      const begin = emitBegin(emit, before, place);
      emit.node("Sub", [emitSize(emit, whole!, place), begin], [names.room]);
      emit.node("Sub", [names.room, emitSize(emit, part!, place)], [names.after]);
      emit.node("Concat", [begin, names.after], [names.pads], { axis: 0 });
      emit.node("Pad", [emit.nameOf(part!), names.pads, "", emit.integers([place.at])], [emit.nameOf(y!)]);
    },
    gradient: (g, { inputs: [part, , ...before] }, place): InputGradient[] => [() => takeOut(g, part!, before, place)],
  } satisfies Op<Place>,
};

/** The size of a value along an axis, as a list of one. */
function emitSize(emit: Emitter, value: Value, { at }: Place): string {
  const { size } = value.axes[at]!;
  if (size !== undefined) return emit.integers([size]);
  const found = emit.fresh("size");
  emit.node("Shape", [emit.nameOf(value)], [found], { start: at, end: at + 1 });
  return found;
}

/** Where a part begins, as a list of one. */
function emitBegin(emit: Emitter, before: readonly Value[], place: Place): string {
  return before.reduce(
    (begin, value) => {
      const sum = emit.fresh("begin");
      emit.node("Add", [begin, emitSize(emit, value, place)], [sum]);
      return sum;
    },
    emit.integers([place.start]),
  );
}

/**
 * As many entries of `x` along an axis as `part` has, behind `start` and as many as all of `before` have; its other axes stay.
 * @returns  the axes of `part`
 */
export function takeOut(x: Value, part: Value, before: readonly Value[], place: Place): Value {
  return apply(fitOps.TakeOut, [x, part, ...before], place);
}

/** `part` among zeros, where it lies in `whole`: behind `start` and as many as all of `before` have. */
export function putBack(part: Value, whole: Value, before: readonly Value[], place: Place): Value {
  return apply(fitOps.PutBack, [part, whole, ...before], place);
}
