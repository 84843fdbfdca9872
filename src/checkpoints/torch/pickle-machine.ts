/** What the instructions of pickles are made of, and what may come of them: plain data. */
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
/** Containers, tensors and kept values: more than sixty thousand tensors need. */
const MOST_VALUES = 2 ** 21;
/** Bytes of the longest whole number: making one takes time that grows with the square of its length. */
const LONGEST_INTEGER = 64;

/** The stack machine that a pickle is a program for: what its instructions are made of. */
export class Machine {
  /** The byte that comes next. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: string;
  readonly #allowed: Allowed;
  readonly #memo = new Map<number, unknown>();
  #stack: unknown[] = [];
  #made = 0;
  readonly #marks: unknown[][] = [];
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array, place: string, allowed: Allowed) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
    this.#allowed = allowed;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** Pushes a value that takes memory of its own. */
  make(value: object): void {
    this.#count();
    this.push(value);
  }

  #count(): void {
    if (++this.#made > MOST_VALUES) throw this.#wrong(`makes more than ${MOST_VALUES} values`);
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
    this.make(new Tuple(items));
  }

  protocol(): void {
    const version = this.unsigned(1);
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
    if (size === 1) return this.#bytes[this.#take(1)]!;
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
    this.#count();
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
    this.#count();
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
      `${this.#place}: ${what}, which the pickle asks for at byte ${this.at}, ${why}. Nothing was executed.`,
      "do not open the file in Python unless you trust its maker; if you do, save there the state_dict alone, as safetensors",
    );
  }

  #wrong(problem: string): PickleError {
    return new PickleError(
      `${this.#place}: the pickle ${problem}, at byte ${this.at}.`,
      "fetch the file again, or save it again with torch.save",
    );
  }

  #early(): PickleEndsEarly {
    return new PickleEndsEarly(
      `${this.#place}: the pickle is cut off after ${this.#bytes.length} bytes.`,
      "fetch the file again, or save it again with torch.save",
    );
  }

  #take(length: number): number {
    if (length > this.#bytes.length - this.at) throw this.#early();
    const begin = this.at;
    this.at += length;
    return begin;
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
