// The command's files as Python's json module writes them: one object per line, with a space after each colon and
// comma. Every value here is a string that needs no escapes, a number, or a list of numbers.

/** @param {unknown} value */
export const writeValue = (value) =>
  JSON.stringify(value, null, 1)
    .replaceAll(/([[{])\n */g, "$1")
    .replaceAll(/\n *([\]}])/g, "$1")
    .replaceAll(/,\n */g, ", ");

/** @param {string} id @param {Uint8Array} message */
export const writeRow = (id, message) => `${writeValue({ id, payload: Buffer.from(message).toString("base64") })}\n`;

/**
 * The one object of a file.
 *
 * @param {string} text
 * @returns {any}
 */
export const readValue = (text) => JSON.parse(text);

/**
 * The rows of a file.
 *
 * @param {string} text
 * @returns {{ id: string, payload: string }[]}
 */
export const readRows = (text) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map(readValue);
