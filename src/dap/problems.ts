// The errors that DAP's servers answer with (DAP-18, section 3.6): the `type` of a problem document of RFC 9457.

/** The URN of each problem type, by its name in the draft. */
export const PROBLEM_TYPES = {
  invalidMessage: "urn:ietf:params:ppm:dap:error:invalidMessage",
  unrecognizedTask: "urn:ietf:params:ppm:dap:error:unrecognizedTask",
  unrecognizedAggregationJob: "urn:ietf:params:ppm:dap:error:unrecognizedAggregationJob",
  batchInvalid: "urn:ietf:params:ppm:dap:error:batchInvalid",
  invalidBatchSize: "urn:ietf:params:ppm:dap:error:invalidBatchSize",
  invalidAggregationParameter: "urn:ietf:params:ppm:dap:error:invalidAggregationParameter",
  batchMismatch: "urn:ietf:params:ppm:dap:error:batchMismatch",
  stepMismatch: "urn:ietf:params:ppm:dap:error:stepMismatch",
  batchOverlap: "urn:ietf:params:ppm:dap:error:batchOverlap",
  unsupportedExtension: "urn:ietf:params:ppm:dap:error:unsupportedExtension",
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
