// An object that tells whether it is whole: its length in decimal and a newline, then one letter again and again. Of
// a few bytes, there is the beginning of that.

/** In bytes: three parts of an upload to S3. */
export const LARGEST = 11 * 2 ** 20;

export const letter = (i: number): string => String.fromCharCode(97 + (i % 26));

/** What is wrong with an object, or null when it is whole. */
export function whyNotWhole(bytes: Buffer): string | null {
  const { length } = bytes;
  const head = Buffer.from(`${length}\n`).subarray(0, length);
  if (!bytes.subarray(0, head.length).equals(head)) return `${length} bytes of another length`;
  const rest = bytes.subarray(head.length);
  const [first = 97] = rest;
  return rest.equals(Buffer.alloc(rest.length, first)) && first >= 97 && first <= 122 ? null : "a mixture";
}
