// Metrics by prom-client: a table of what there is, so that each name has one kind, one set of labels and a sentence.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Labels, Metrics } from "../metrics.js";

export interface Definition {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper ends, for histograms. */
  readonly buckets?: readonly number[];
}

const SECONDS: readonly number[] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];
const REPORTS: readonly number[] = [1, 3, 10, 30, 100, 300, 1000, 3000];

/**
 * What the processes count and measure, by the names that they use. `/metrics` puts {@link PREFIX} before each.
 */
export const DEFINITIONS: Readonly<Record<string, Definition>> = {
  requests_total: { kind: "counter", help: "Requests answered.", labels: ["route", "method", "status"] },
  request_seconds: { kind: "histogram", help: "Seconds until an answer.", labels: ["route"], buckets: SECONDS },
  upload_group_reports: { kind: "histogram", help: "Reports that one transaction wrote.", buckets: REPORTS },
  transaction_seconds: {
    ...{ kind: "histogram", help: "Seconds of a transaction, with its repetitions." },
    ...{ labels: ["name", "outcome"], buckets: SECONDS },
  },
  step_seconds: {
    ...{ kind: "histogram", help: "Seconds of a job's step." },
    ...{ labels: ["kind", "outcome"], buckets: SECONDS },
  },
};

/** What is read from the store whenever somebody asks. */
export const STORE_GAUGES: Readonly<Record<string, Definition>> = {
  reports_waiting: { kind: "gauge", help: "Reports in no aggregation job.", labels: ["task"] },
  reports_oldest_seconds: { kind: "gauge", help: "Age of the oldest waiting report.", labels: ["task"] },
  jobs: { kind: "gauge", help: "Jobs by kind and state.", labels: ["task", "kind", "state"] },
  reports: { kind: "gauge", help: "What became of reports, since the task was made.", labels: ["task", "what"] },
};

export const PREFIX = "prio_aggregator_";

type AnyMetric = Counter | Gauge | Histogram;

/** What a process counts, and its text for Prometheus. */
export class PromMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, AnyMetric>();

  /** `process` adds what prom-client knows of every process: memory, processor time, the event loop. */
  constructor({ process = true }: { readonly process?: boolean } = {}) {
    if (process) collectDefaultMetrics({ register: this.#registry });
    for (const [name, definition] of Object.entries({ ...DEFINITIONS, ...STORE_GAUGES })) {
      this.#metrics.set(name, this.#make(name, definition));
    }
  }

  count(name: string, labels: Labels = {}, n = 1): void {
    this.#with(name, (metric) => metric instanceof Counter && metric.inc({ ...labels }, n));
  }

  observe(name: string, value: number, labels: Labels = {}): void {
    this.#with(name, (metric) => metric instanceof Histogram && metric.observe({ ...labels }, value));
  }

  /** Sets a gauge. */
  set(name: string, value: number, labels: Labels = {}): void {
    this.#with(name, (metric) => metric instanceof Gauge && metric.set({ ...labels }, value));
  }

  /** Forgets the values of a gauge, so that what is gone is not shown for ever. */
  clear(name: string): void {
    this.#metrics.get(name)?.reset();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Metrics are no reason to fail: what is wrong with a name or its labels is a fault of the program, which tests find.
   */
  #with(name: string, use: (metric: AnyMetric) => unknown): void {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return;
    try {
      use(metric);
    } catch {
      // A label that the table does not have.
    }
  }

  #make(name: string, { kind, help, labels = [], buckets = [] }: Definition): AnyMetric {
    const common = {
      name: `${PREFIX}${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    };
    if (kind === "counter") return new Counter(common);
    if (kind === "gauge") return new Gauge(common);
    return new Histogram({ ...common, buckets: [...buckets] });
  }
}
