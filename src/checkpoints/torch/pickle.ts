/**
 * Pickles, read as data and never executed. A pickle is a program for a stack machine that may call anything of Python; of
 * what it names only an allow-list is known here, and the rest is refused by name.
 *
 * Every instruction makes at most one value, and no text or number is longer than the bytes it is read from, so that memory
 * and time are bounded by the length of the pickle.
 *
 * @source CPython 3.13, Lib/pickletools.py: the instructions of protocols 2 to 5
 */
import { PickleError } from "../errors.js";

/** A Python tuple; lists are arrays, dictionaries are maps, sets are sets. */
export class Tuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** Something that a pickle may name and call. */
export class Callable {
  readonly call: (args: readonly unknown[], refuse: (problem: string) => PickleError) => unknown;
  constructor(call: Callable["call"]) {
    this.call = call;
  }
}

/** A value that is allowed but means nothing to weights. What is done to it is ignored. */
export class Opaque {}
export const OPAQUE = new Opaque();

/** What a pickle may speak of. */
export interface Allowed {
  /** Constants and callables by their whole names, such as `collections.OrderedDict`. */
  readonly globals: ReadonlyMap<string, unknown>;
  /** What stands for something outside the pickle. */
  persistent(id: unknown, refuse: (problem: string) => PickleError): unknown;
}

/** Pickles end with an instruction of their own; the bytes did before. */
export class PickleEndsEarly extends PickleError {}

/** Deeper marks than any writer makes; each is an open tuple, list or dictionary. */
const DEEPEST = 1000;
/** Bytes of the longest whole number: making one takes time that grows with the square of its length. */
const LONGEST_INTEGER = 64;

/**
 * Runs a pickle from `begin`.
 * @returns the value, and where the pickle ends
 * @throws {PickleEndsEarly} if the bytes end before the pickle
 * @throws {PickleError} for anything but plain data and what is allowed
 */
export function unpickle(
  bytes: Uint8Array,
  place: string,
  allowed: Allowed,
  begin = 0,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(bytes, place, allowed, begin);
  return { value: machine.run(), end: machine.at };
}

class Machine {
  at: number;
  readonly #begin: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: string;
  readonly #allowed: Allowed;
  readonly #memo = new Map<number, unknown>();
  #stack: unknown[] = [];
  readonly #marks: unknown[][] = [];
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array, place: string, allowed: Allowed, begin: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
    this.#allowed = allowed;
    this.#begin = begin;
    this.at = begin;
  }

  run(): unknown {
    while (true) {
      const opcode = this.#u8();
      if (opcode === STOP) return this.pop();
      const act = OPCODES.get(opcode);
      if (act === undefined) throw this.refuse(`The instruction 0x${opcode.toString(16)}`);
      act(this);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  mark(): void {
    if (this.#marks.length >= DEEPEST) throw this.#wrong(`has more than ${DEEPEST} things inside one another`);
    this.#marks.push(this.#stack);
    this.#stack = [];
  }

  /** What was pushed since the last mark, which is taken away. */
  marked(): unknown[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (below === undefined) throw this.#wrong("ends a list that it did not begin");
    this.#stack = below;
    return items;
  }

  tuple(length: number): void {
    const items = new Array<unknown>(length);
    for (let i = length - 1; i >= 0; i--) items[i] = this.pop();
    this.push(new Tuple(items));
  }

  protocol(): void {
    const version = this.#u8();
    if (version < 2 || version > 5) throw this.#wrong(`is of protocol ${version}; 2 to 5 are read`);
  }

  frame(): void {
    const length = this.#u64();
    if (length > this.#bytes.length - this.at) throw this.#early();
  }

  signed32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  unsigned(size: 1 | 2 | 4 | 8): number {
    if (size === 1) return this.#u8();
    if (size === 8) return this.#u64();
    const at = this.#take(size);
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER) throw this.#wrong(`has a whole number of ${length} bytes`);
    const begin = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[begin + i]!);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  string(length: number): string {
    const begin = this.#take(length);
    return this.#decode(begin, begin + length);
  }

  binary(length: number): Uint8Array {
    const begin = this.#take(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoise(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    if (!this.#memo.has(index)) throw this.#wrong(`recalls value ${index}, which it never kept`);
    this.push(this.#memo.get(index));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.#wrong("appends to something that is no list");
    for (const item of items) list.push(item);
  }

  add(items: readonly unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw this.#wrong("adds to something that is no set");
    for (const item of items) set.add(item);
  }

  set(items: readonly unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw this.#wrong("sets an item of something that is no dictionary");
    if (items.length % 2 !== 0) throw this.#wrong("has a dictionary with a name and no value");
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  /** The attributes of dictionaries and of what is ignored are ignored; nothing else has any. */
  build(): void {
    this.pop();
    const value = this.top();
    if (!(value instanceof Map || value instanceof Opaque))
      throw this.refuse("A change of something's insides", "is not made");
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.#early();
    const begin = this.at;
    this.at = end + 1;
    return this.#decode(begin, end);
  }

  name(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw this.#wrong("names something by no text");
    const whole = `${module}.${name}`;
    const { globals } = this.#allowed;
    if (!globals.has(whole)) throw this.refuseName(whole);
    this.push(globals.get(whole));
  }

  call(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!(callable instanceof Callable && args instanceof Tuple))
      throw this.refuse("A call of something that is no function", "is not made");
    this.push(callable.call(args.items, (problem) => this.#wrong(problem)));
  }

  persistent(): void {
    this.push(this.#allowed.persistent(this.pop(), (problem) => this.#wrong(problem)));
  }

  refuseName(name: string): PickleError {
    return this.refuse(name.length > 200 ? `${name.slice(0, 200)}…` : name, "is nothing that weights need");
  }

  refuse(what: string, why = "is not read here"): PickleError {
    return new PickleError(
      `${this.#place}: ${what}, which the pickle asks for at byte ${this.at - this.#begin}, ${why}. Nothing was executed.`,
      "do not open the file in Python unless you trust its maker; if you do, save there the state_dict alone, as safetensors",
    );
  }

  #wrong(problem: string): PickleError {
    return new PickleError(
      `${this.#place}: the pickle ${problem}, at byte ${this.at - this.#begin}.`,
      "fetch the file again, or save it again with torch.save",
    );
  }

  #early(): PickleEndsEarly {
    return new PickleEndsEarly(
      `${this.#place}: the pickle is cut off after ${this.#bytes.length - this.#begin} bytes.`,
      "fetch the file again, or save it again with torch.save",
    );
  }

  #take(length: number): number {
    if (length > this.#bytes.length - this.at) throw this.#early();
    const begin = this.at;
    this.at += length;
    return begin;
  }

  #u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  #decode(begin: number, end: number): string {
    try {
      return this.#text.decode(this.#bytes.subarray(begin, end));
    } catch {
      throw this.#wrong("holds text that is not UTF-8");
    }
  }

  pop(): unknown {
    if (this.#stack.length === 0) throw this.#wrong("takes a value where there is none");
    return this.#stack.pop();
  }

  top(): unknown {
    if (this.#stack.length === 0) throw this.#wrong("takes a value where there is none");
    return this.#stack.at(-1);
  }
}

const STOP = 0x2e;

/** The instructions that are read: their byte, and what they do. */
const INSTRUCTIONS: Readonly<Record<string, readonly [opcode: number, act: (machine: Machine) => void]>> = {
  // Values.
  NONE: [0x4e, (m) => m.push(null)],
  NEWTRUE: [0x88, (m) => m.push(true)],
  NEWFALSE: [0x89, (m) => m.push(false)],
  BININT: [0x4a, (m) => m.push(m.signed32())],
  BININT1: [0x4b, (m) => m.push(m.unsigned(1))],
  BININT2: [0x4d, (m) => m.push(m.unsigned(2))],
  LONG1: [0x8a, (m) => m.push(m.integer(m.unsigned(1)))],
  LONG4: [0x8b, (m) => m.push(m.integer(m.unsigned(4)))],
  BINFLOAT: [0x47, (m) => m.push(m.float())],
  SHORT_BINUNICODE: [0x8c, (m) => m.push(m.string(m.unsigned(1)))],
  BINUNICODE: [0x58, (m) => m.push(m.string(m.unsigned(4)))],
  BINUNICODE8: [0x8d, (m) => m.push(m.string(m.unsigned(8)))],
  SHORT_BINBYTES: [0x43, (m) => m.push(m.binary(m.unsigned(1)))],
  BINBYTES: [0x42, (m) => m.push(m.binary(m.unsigned(4)))],
  BINBYTES8: [0x8e, (m) => m.push(m.binary(m.unsigned(8)))],
  BYTEARRAY8: [0x96, (m) => m.push(m.binary(m.unsigned(8)))],
  // Python 2's bytes.
  SHORT_BINSTRING: [0x55, (m) => m.push(m.string(m.unsigned(1)))],
  BINSTRING: [0x54, (m) => m.push(m.string(m.unsigned(4)))],
  // Containers.
  MARK: [0x28, (m) => m.mark()],
  EMPTY_TUPLE: [0x29, (m) => m.push(new Tuple([]))],
  TUPLE1: [0x85, (m) => m.tuple(1)],
  TUPLE2: [0x86, (m) => m.tuple(2)],
  TUPLE3: [0x87, (m) => m.tuple(3)],
  TUPLE: [0x74, (m) => m.push(new Tuple(m.marked()))],
  EMPTY_LIST: [0x5d, (m) => m.push([])],
  APPEND: [0x61, (m) => m.append([m.pop()])],
  APPENDS: [0x65, (m) => m.append(m.marked())],
  EMPTY_DICT: [0x7d, (m) => m.push(new Map())],
  SETITEM: [
    0x73,
    (m) => {
      const value = m.pop();
      m.set([m.pop(), value]);
    },
  ],
  SETITEMS: [0x75, (m) => m.set(m.marked())],
  EMPTY_SET: [0x8f, (m) => m.push(new Set())],
  ADDITEMS: [0x90, (m) => m.add(m.marked())],
  FROZENSET: [0x91, (m) => m.push(new Set(m.marked()))],
  // The stack and what is kept.
  POP: [0x30, (m) => m.pop()],
  POP_MARK: [0x31, (m) => m.marked()],
  DUP: [0x32, (m) => m.push(m.top())],
  BINPUT: [0x71, (m) => m.put(m.unsigned(1))],
  LONG_BINPUT: [0x72, (m) => m.put(m.unsigned(4))],
  MEMOIZE: [0x94, (m) => m.memoise()],
  BINGET: [0x68, (m) => m.get(m.unsigned(1))],
  LONG_BINGET: [0x6a, (m) => m.get(m.unsigned(4))],
  // What could be code.
  GLOBAL: [0x63, (m) => m.name(m.line(), m.line())],
  STACK_GLOBAL: [
    0x93,
    (m) => {
      const name = m.pop();
      m.name(m.pop(), name);
    },
  ],
  REDUCE: [0x52, (m) => m.call()],
  BUILD: [0x62, (m) => m.build()],
  BINPERSID: [0x51, (m) => m.persistent()],
  INST: [
    0x69,
    (m) => {
      throw m.refuseName(`${m.line()}.${m.line()}`);
    },
  ],
  OBJ: [
    0x6f,
    (m) => {
      throw m.refuse("The making of an object");
    },
  ],
  NEWOBJ: [
    0x81,
    (m) => {
      throw m.refuse("The making of an object");
    },
  ],
  NEWOBJ_EX: [
    0x92,
    (m) => {
      throw m.refuse("The making of an object");
    },
  ],
  EXT1: [
    0x82,
    (m) => {
      throw m.refuse(`Code number ${m.unsigned(1)} of the copyreg registry`);
    },
  ],
  EXT2: [
    0x83,
    (m) => {
      throw m.refuse(`Code number ${m.unsigned(2)} of the copyreg registry`);
    },
  ],
  EXT4: [
    0x84,
    (m) => {
      throw m.refuse(`Code number ${m.unsigned(4)} of the copyreg registry`);
    },
  ],
  // Frames.
  PROTO: [0x80, (m) => m.protocol()],
  FRAME: [0x95, (m) => m.frame()],
};

const OPCODES: ReadonlyMap<number, (machine: Machine) => void> = new Map(Object.values(INSTRUCTIONS));
