// The time of a publication.

/** ISO 8601 in UTC with microseconds and without a zone, as Python writes it. */
export function timestamp(): string {
  const now = performance.timeOrigin + performance.now();
  const micros = Math.floor((now % 1) * 1000);
  return new Date(now).toISOString().replace("Z", String(micros).padStart(3, "0"));
}
