/** Memory of one conversation: arrays that grow at their end, shared by all that went on from the same beginning. */

/**
 * Rows of numbers, of which a state sees the first few. Whoever stands at the very end may write on in place; whoever
 * stands earlier, because somebody else went on from there before, takes a copy first. So nothing that another state sees
 * ever changes.
 */
export class Rows {
  readonly width: number;
  #data: Float32Array;
  #used: number;

  constructor(width: number, capacity = 64) {
    this.width = width;
    this.#data = new Float32Array(width * capacity);
    this.#used = 0;
  }

  /** The first `length` rows, [length, width], without a copy. */
  first(length: number): Float32Array {
    return this.#data.subarray(0, length * this.width);
  }

  /** Rows that hold the first `length` of these and then `more`; these ones, when `length` is their end. */
  append(length: number, more: Float32Array): Rows {
    const added = more.length / this.width;
    if (length !== this.#used) {
      const copy = new Rows(this.width, 2 * (length + added));
      copy.#data.set(this.first(length));
      copy.#used = length;
      return copy.append(length, more);
    }
    if (more.length > this.#data.length - length * this.width) {
      const larger = new Float32Array(2 * this.width * (length + added));
      larger.set(this.first(length));
      this.#data = larger;
    }
    this.#data.set(more, length * this.width);
    this.#used = length + added;
    return this;
  }
}
