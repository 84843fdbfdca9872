/**
 * Pickles, read as data and never executed. A pickle is a program for a stack machine that may call anything of Python; of
 * what it names only an allow-list is known here, and the rest is refused by name.
 *
 * Every instruction makes at most one value, and no text or number is longer than the bytes it is read from, so that memory
 * and time are bounded by the length of the pickle.
 *
 * @source CPython 3.13, Lib/pickletools.py: the instructions of protocols 2 to 5
 */
import { type Allowed, Machine, Tuple } from "./pickle-machine.js";

/**
 * Runs the pickle with which some bytes begin.
 * @returns the value, and where the pickle ends
 * @throws {PickleEndsEarly} if the bytes end before the pickle
 * @throws {PickleError} for anything but plain data and what is allowed
 */
export function unpickle(
  bytes: Uint8Array,
  place: string,
  allowed: Allowed,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(bytes, place, allowed);
  while (true) {
    const opcode = machine.unsigned(1);
    if (opcode === STOP) return { value: machine.pop(), end: machine.at };
    const act = OPCODES.get(opcode);
    if (act === undefined) throw machine.refuse(`The instruction 0x${opcode.toString(16)}`);
    act(machine);
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
  SHORT_BINBYTES: [0x43, (m) => m.make(m.binary(m.unsigned(1)))],
  BINBYTES: [0x42, (m) => m.make(m.binary(m.unsigned(4)))],
  BINBYTES8: [0x8e, (m) => m.make(m.binary(m.unsigned(8)))],
  BYTEARRAY8: [0x96, (m) => m.make(m.binary(m.unsigned(8)))],
  // Python 2's bytes.
  SHORT_BINSTRING: [0x55, (m) => m.push(m.string(m.unsigned(1)))],
  BINSTRING: [0x54, (m) => m.push(m.string(m.unsigned(4)))],
  // Containers.
  MARK: [0x28, (m) => m.mark()],
  EMPTY_TUPLE: [0x29, (m) => m.make(new Tuple([]))],
  TUPLE1: [0x85, (m) => m.tuple(1)],
  TUPLE2: [0x86, (m) => m.tuple(2)],
  TUPLE3: [0x87, (m) => m.tuple(3)],
  TUPLE: [0x74, (m) => m.make(new Tuple(m.marked()))],
  EMPTY_LIST: [0x5d, (m) => m.make([])],
  APPEND: [0x61, (m) => m.append([m.pop()])],
  APPENDS: [0x65, (m) => m.append(m.marked())],
  EMPTY_DICT: [0x7d, (m) => m.make(new Map())],
  SETITEM: [
    0x73,
    (m) => {
      const value = m.pop();
      m.set([m.pop(), value]);
    },
  ],
  SETITEMS: [0x75, (m) => m.set(m.marked())],
  EMPTY_SET: [0x8f, (m) => m.make(new Set())],
  ADDITEMS: [0x90, (m) => m.add(m.marked())],
  FROZENSET: [0x91, (m) => m.make(new Set(m.marked()))],
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
