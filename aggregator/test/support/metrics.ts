// Metrics for tests that look at none.

import type { Metrics } from "../../src/metrics.js";

const nothing = (): void => undefined;

export const noMetrics: Metrics = { count: nothing, observe: nothing };
