/** Bytes that stand somewhere and are read by range: what every reader of weight files stands on. */
import { InvariantError } from "../errors.js";

/** A file, or something like one. */
export interface Bytes {
  /** What errors call it: its path. */
  readonly place: string;
  readonly size: number;
  /**
   * The bytes from `begin` up to `end`. Nobody asks for more than there are.
   * @param into  where they are put, and what the result is a view of; an array of their own unless told
   */
  read(begin: number, end: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file that is in memory already. */
export function bytesInMemory(place: string, bytes: Uint8Array): Bytes {
  const { length: size } = bytes;
  return {
    place,
    size,
    async read(begin, end, into) {
      checkRange({ place, size }, begin, end);
      const read = into?.subarray(0, end - begin) ?? new Uint8Array(end - begin);
      read.set(bytes.subarray(begin, end));
      return read;
    },
  };
}

/** @throws {InvariantError} for a range that is not in the file: readers look before they ask. */
export function checkRange({ place, size }: Pick<Bytes, "place" | "size">, begin: number, end: number): void {
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && 0 <= begin && begin <= end && end <= size))
    throw new InvariantError(`Bytes ${begin} to ${end} were asked for of ${place}, which has ${size}.`);
}
