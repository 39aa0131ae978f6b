// Names of directories that tell what is in them, `column=value`, as Hive and Spark write and read them.

/** What Hive escapes: control characters, and what means something in paths, URLs or globs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters.
const ESCAPED = /[\x01-\x1f"#%'*/:=?\\\x7f{[\]^]/g;
/** Longest name that file systems allow, in bytes. */
const MAX_NAME = 255;

/** The name, or null when no file system takes one that long. */
export function partitionName(column: string, value: string): string | null {
  const escaped = (c: string): string => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  const name = `${column}=${value.replace(ESCAPED, escaped)}`;
  return Buffer.byteLength(name) <= MAX_NAME ? name : null;
}

/** The value in the name of a directory, or undefined when the name is not of this column. */
export function valueOfPartition(column: string, name: string): string | undefined {
  if (!name.startsWith(`${column}=`)) return undefined;
  return name.slice(column.length + 1).replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => {
    return String.fromCharCode(Number.parseInt(code, 16));
  });
}
