// Problems: everything that an aggregator refuses, as RFC 9457's documents, with the one table of their kinds and
// statuses. The draft's "Errors" names those with a URN of DAP; the others say no more than their status does.

/** The namespace of the draft's errors. */
export const DAP_ERRORS = "urn:ietf:params:ppm:dap:error:";

interface Kind {
  readonly status: number;
  readonly title: string;
  /** Whether the kind is one of the draft's errors. */
  readonly dap: boolean;
}

const dap = (status: number, title: string): Kind => ({ status, title, dap: true });
const http = (status: number, title: string): Kind => ({ status, title, dap: false });

/** The one table of problems. A name that the draft has is the end of its URN. */
export const PROBLEMS = {
  invalidMessage: dap(400, "A message could not be parsed or is invalid"),
  unrecognizedTask: dap(404, "This server does not know the task"),
  unrecognizedAggregationJob: dap(404, "This server does not know the aggregation job"),
  batchInvalid: dap(400, "The query names no batch that can be collected"),
  invalidBatchSize: dap(400, "The number of reports in the batch is not allowed"),
  invalidAggregationParameter: dap(400, "The aggregation parameter is invalid"),
  batchMismatch: dap(400, "The aggregators disagree on the reports of the batch"),
  stepMismatch: dap(400, "The aggregators disagree on the step of the job"),
  batchOverlap: dap(400, "The query includes reports that were collected in another batch"),
  unsupportedExtension: dap(400, "An extension is unknown"),
  invalidExtension: dap(400, "An extension is out of order or cannot be parsed"),
  /** The request has no token or certificate, or one that is not valid here. */
  unauthorized: http(401, "The request is not authenticated"),
  /** The task is paused, or has the other role here. */
  forbidden: http(403, "The task does not allow this request"),
  notFound: http(404, "There is nothing at this path"),
  methodNotAllowed: http(405, "This resource does not have the method"),
  timeout: http(408, "The request did not arrive in time"),
  conflict: http(409, "The request contradicts an earlier one"),
  gone: http(410, "The resource was deleted"),
  tooLarge: http(413, "The body is too large"),
  unsupportedMediaType: http(415, "The body is not of the resource's media type"),
  tooManyRequests: http(429, "There are too many requests"),
  internal: http(500, "The server made a mistake"),
  unavailable: http(503, "The server cannot take the request now"),
} as const satisfies Record<string, Kind>;

/** A name in {@link PROBLEMS}. */
export type ProblemName = keyof typeof PROBLEMS;

/** What a problem may say besides its kind. */
export interface ProblemOptions {
  /** The task in unpadded base64url, where it is known. */
  readonly taskId?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Further members of the document, such as `unsupported_extensions`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** For logs; it never reaches the document. */
  readonly cause?: unknown;
}

/**
 * A request that is refused. `detail` is one sentence for the peer's operator: it is sent and logged, so it holds no
 * secret, share or address.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: ProblemName;
  readonly status: number;
  readonly detail: string;
  readonly taskId: string | undefined;
  readonly retryAfter: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(type: ProblemName, detail: string, options: ProblemOptions = {}) {
    super(`${type}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.type = type;
    this.status = PROBLEMS[type].status;
    this.detail = detail;
    this.taskId = options.taskId;
    this.retryAfter = options.retryAfter;
    this.members = options.members ?? {};
  }

  /** The `type` member: a URN of the draft, or "about:blank". */
  get uri(): string {
    return PROBLEMS[this.type].dap ? DAP_ERRORS + this.type : "about:blank";
  }

  /** The document, application/problem+json. `taskId` is for problems that were thrown where no task was at hand. */
  document(taskId = this.taskId): Record<string, unknown> {
    return {
      type: this.uri,
      title: PROBLEMS[this.type].title,
      status: this.status,
      detail: this.detail,
      ...(taskId === undefined ? {} : { taskid: taskId }),
      ...this.members,
    };
  }
}
