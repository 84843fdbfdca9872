/**
 * Keeps account of the memory that is asked for: the constructors of all arrays of fixed length are replaced by ones that
 * count, so that no way of asking is overlooked. To be imported before what is to be watched.
 */
const NAMES = [
  "ArrayBuffer",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "BigUint64Array",
  "BigInt64Array",
  "Array",
] as const;

/** Bytes asked for since the last `begin`: all together, and at once at most. */
export const account = {
  total: 0,
  largest: 0,
  begin(): void {
    this.total = 0;
    this.largest = 0;
  },
};

for (const name of NAMES) {
  const real = globalThis[name] as unknown as new (...args: unknown[]) => object;
  const size = (real as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? (name === "Array" ? 8 : 1);
  const counting: typeof real = new Proxy(real, {
    construct(target, args, newTarget) {
      const [first] = args;
      const isView = first instanceof ArrayBuffer || first instanceof SharedArrayBuffer;
      const length = typeof first === "number" ? first : isView ? 0 : ((first as ArrayLike<unknown>)?.length ?? 0);
      const bytes = (name === "Array" && args.length !== 1 ? args.length : length) * size;
      account.total += bytes;
      account.largest = Math.max(account.largest, bytes);
      return Reflect.construct(target, args, newTarget === counting ? target : newTarget);
    },
  });
  Object.defineProperty(globalThis, name, { value: counting, writable: true, configurable: true });
}
