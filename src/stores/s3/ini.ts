// The files that hold the profiles of AWS's own programs: sections in brackets, and a name and a value on each line.

/** The values of each section. Lines that mean nothing are passed over, as AWS's programs do. */
export function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const title = /^\[\s*(.*?)\s*\]/.exec(line)?.[1];
    const [, name, value] = /^([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (title !== undefined) {
      section = sections.get(title) ?? new Map();
      sections.set(title, section);
    } else if (section !== undefined && name !== undefined && value !== undefined) {
      // A comment follows white space: keys can have any other character.
      section.set(name.toLowerCase(), value.replace(/\s+[#;].*$/, ""));
    }
  }
  return sections;
}
