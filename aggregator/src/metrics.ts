// What is counted and measured, as the narrow interface that the rest of the aggregator calls. The admin port renders
// it.

/** Labels have few values: no id, no address. */
export type Labels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds `n`, 1 by default, to a counter. */
  count(name: string, labels?: Labels, n?: number): void;
  /** Adds a value, such as seconds or bytes, to a histogram. */
  observe(name: string, value: number, labels?: Labels): void;
}
