/** Bytes that stand somewhere and are read by range: what every reader of weight files stands on. */
import { InvariantError } from "../errors.js";

/** A file, or something like one. */
export interface Bytes {
  /** What errors call it: its path. */
  readonly place: string;
  readonly size: number;
  /** The bytes from `begin` up to `end`, in an array of their own. Nobody asks for more than there are. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file that is in memory already. */
export function bytesInMemory(place: string, bytes: Uint8Array): Bytes {
  const { length: size } = bytes;
  return {
    place,
    size,
    async read(begin, end) {
      checkRange({ place, size }, begin, end);
      return new Uint8Array(bytes.subarray(begin, end));
    },
  };
}

/** @throws {InvariantError} for a range that is not in the file: readers look before they ask. */
export function checkRange({ place, size }: Pick<Bytes, "place" | "size">, begin: number, end: number): void {
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && 0 <= begin && begin <= end && end <= size))
    throw new InvariantError(`Bytes ${begin} to ${end} were asked for of ${place}, which has ${size}.`);
}
