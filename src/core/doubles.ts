// The arrays of doubles that packed limbs are stored in.

/** Whether the platform has them. SES compartments have none, and there the files that use them must still load. */
export const hasDoubles: boolean = typeof Float64Array === "function";

/** An array of `length` zeros, for a module to make when it loads: where there is none, nothing that uses it runs. */
export const doubles = (length: number): Float64Array => (hasDoubles ? new Float64Array(length) : (undefined as never));

/** The numbers that a loop reads once before it starts. */
export const constants = (...values: number[]): Float64Array => {
  const array = doubles(values.length);
  if (hasDoubles) array.set(values);
  return array;
};
