// The errors that DAP's servers answer with (DAP-18, section 3.6): the `type` of a problem document of RFC 9457.

/** The URN of each problem type, by its name in the draft. */
export const PROBLEM_TYPES = {
  /** A message could not be read, or is not what the task demands. */
  invalidMessage: "urn:ietf:params:ppm:dap:error:invalidMessage",
  /** There is no such task. */
  unrecognizedTask: "urn:ietf:params:ppm:dap:error:unrecognizedTask",
  /** There is no such aggregation job. */
  unrecognizedAggregationJob: "urn:ietf:params:ppm:dap:error:unrecognizedAggregationJob",
  /** The query asks for what cannot be a batch. */
  batchInvalid: "urn:ietf:params:ppm:dap:error:batchInvalid",
  /** The batch has fewer reports than the task demands. */
  invalidBatchSize: "urn:ietf:params:ppm:dap:error:invalidBatchSize",
  /** The aggregation parameter is none of the VDAF. */
  invalidAggregationParameter: "urn:ietf:params:ppm:dap:error:invalidAggregationParameter",
  /** The aggregators have not counted the same reports. */
  batchMismatch: "urn:ietf:params:ppm:dap:error:batchMismatch",
  /** The aggregators are not at the same step of a job. */
  stepMismatch: "urn:ietf:params:ppm:dap:error:stepMismatch",
  /** Reports of the batch were collected before. */
  batchOverlap: "urn:ietf:params:ppm:dap:error:batchOverlap",
  /** An extension is unknown. */
  unsupportedExtension: "urn:ietf:params:ppm:dap:error:unsupportedExtension",
  /** Extensions are out of order, or one has contents that are none. */
  invalidExtension: "urn:ietf:params:ppm:dap:error:invalidExtension",
} as const;

/** The name of a problem type of the draft. */
export type ProblemName = keyof typeof PROBLEM_TYPES;

/** The media type of a problem document. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** The draft's name for the `type` of a problem document; undefined for a type that the draft does not have. */
export function problemName(type: unknown): ProblemName | undefined {
  const names = Object.keys(PROBLEM_TYPES) as ProblemName[];
  return names.find((name) => PROBLEM_TYPES[name] === type);
}
