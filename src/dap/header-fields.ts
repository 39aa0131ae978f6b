// The header fields of answers that clients and collectors act on: Retry-After (RFC 9110, section 10.2.3),
// Cache-Control and Age (RFC 9111, sections 5.1 and 5.2). A field that cannot be read counts as none.

/** The value of a header field by its name; null if the answer has none. */
export type HeaderOf = (name: string) => string | null;

/**
 * The seconds after which a server wants to be asked again: a number of seconds or a date. A date is compared with the
 * server's own clock if the answer has its `Date`, otherwise with `now`, in milliseconds since 1970.
 */
export function retryAfter(header: HeaderOf, now: number): number | undefined {
  const value = header("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // A year of four digits keeps Date.parse from reading anything else, such as "-5", as a date.
  const until = / \d{4} /.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(until)) return undefined;
  const date = Date.parse(header("date") ?? "");
  return Math.max(0, Math.ceil((until - (Number.isNaN(date) ? now : date)) / 1000));
}

/** Seconds that an answer without Cache-Control is kept. */
const UNSAID = 3600;
/** Most seconds that an answer is kept, whatever it says: a week. */
const LONGEST = 7 * 86_400;

/** The seconds that an answer may be kept from now on; 0 if not at all. */
export function freshness(header: HeaderOf): number {
  const directives = new Map<string, string>();
  for (const directive of (header("cache-control") ?? "").toLowerCase().split(",")) {
    const [, name = "", value = ""] = /^\s*([a-z-]+)\s*(?:=\s*"?([^"]*?)"?\s*)?$/.exec(directive) ?? [];
    // Where a directive comes twice, the first counts.
    if (!directives.has(name)) directives.set(name, value);
  }
  if (directives.has("no-store") || directives.has("no-cache")) return 0;
  const maxAge = directives.get("max-age");
  if (maxAge === undefined) return UNSAID;
  const age = header("age")?.trim() ?? "0";
  // What cannot be read counts as stale.
  const left = /^\d+$/.test(maxAge) ? Number(maxAge) - (/^\d+$/.test(age) ? Number(age) : 0) : 0;
  return Math.min(Math.max(left, 0), LONGEST);
}
