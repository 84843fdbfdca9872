/**
 * What an ONNX file says, as plain data: names and numbers, no values with gradients. `write.ts` makes it of a graph,
 * `encode.ts` turns it into bytes, `read.ts` brings it back from them.
 */
import type { Axis } from "../axes.js";
import { ARRAYS, type DType, ONNX_TYPE } from "../dtype.js";
import type { Type } from "../value.js";

/** Number formats of initialisers: those of the graph, and one that is only ever widened. */
export type StoredType = DType | "bfloat16";

/** `TensorProto.DataType` of each number format. */
export const STORED_TYPE: Readonly<Record<StoredType, number>> = { ...ONNX_TYPE, bfloat16: 16 };

/** Bytes of one number. */
export function bytesOf(type: StoredType): number {
  return ARRAYS[type === "bfloat16" ? "float16" : type].BYTES_PER_ELEMENT;
}

/** Bytes in another file: `length` of them from byte `offset`. */
export interface ExternalBytes {
  /** Path of that file from the folder of the `.onnx`, with forward slashes. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Numbers that are part of the model. */
export interface Initialiser {
  readonly dtype: StoredType;
  /** All of them have sizes. */
  readonly axes: readonly Axis[];
  /** The bytes, row-major and little-endian, or where they are. */
  readonly data: Uint8Array | ExternalBytes;
}

/** An attribute of a node. */
export type Attribute =
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly bigint[] };

/** One use of an operator. */
export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  /** "" for ONNX's own operators. */
  readonly domain: string;
  /** Names of values; "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** What is fed at every run. */
export interface OnnxInput extends Type {
  /** No node reads it: only its sizes mattered, when the graph was made. */
  readonly unread: boolean;
}

/** A whole file. Maps are in the order of the file. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Versions of the operator sets by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: ReadonlyMap<string, OnnxInput>;
  readonly outputs: ReadonlyMap<string, Type>;
  readonly initialisers: ReadonlyMap<string, Initialiser>;
  /** Each after those that make its inputs. */
  readonly nodes: readonly OnnxNode[];
}

export const IR_VERSION = 10;

/** The operator sets that are written, and the newest that are read. */
export const OPSETS: ReadonlyMap<string, number> = new Map([
  ["", 21],
  ["com.microsoft", 1],
]);

/** Why a path does not lead to a file in the folder of the `.onnx` or below it; undefined if it does. */
export function locationFault(location: string): string | undefined {
  if (location === "") return "is empty";
  if (/^[/\\]|^[A-Za-z]:/.test(location)) return "is absolute";
  if (location.includes("\\") || location.includes("\0")) return "has a character that not every system takes";
  if (location.split("/").includes("..")) return "leads out of the folder";
  return undefined;
}
