// The media types of DAP's messages (DAP-18, section 9.1): one type, and a parameter that names the message.

const TYPE = "application/ppm-dap";

/** The media type of each message, by its name. */
export const MEDIA_TYPES = {
  /** An aggregator's HPKE configurations. */
  HpkeConfigList: "application/ppm-dap;message=hpke-config-list",
  /** Reports, from a client to the leader. */
  UploadRequest: "application/ppm-dap;message=upload-req",
  /** The reports of an upload that the leader refused. */
  UploadErrors: "application/ppm-dap;message=upload-errors",
  /** Reports to verify, from the leader to the helper. */
  AggregationJobInitReq: "application/ppm-dap;message=aggregation-job-init-req",
  /** The helper's answer about each report. */
  AggregationJobResp: "application/ppm-dap;message=aggregation-job-resp",
  /** The next step of a job, from the leader to the helper. */
  AggregationJobContinueReq: "application/ppm-dap;message=aggregation-job-continue-req",
  /** A batch of which the leader wants the helper's share. */
  AggregateShareReq: "application/ppm-dap;message=aggregate-share-req",
  /** The helper's share of a batch. */
  AggregateShare: "application/ppm-dap;message=aggregate-share",
  /** A batch of which the collector wants the result. */
  CollectionJobReq: "application/ppm-dap;message=collection-job-req",
  /** The shares of both aggregators, for the collector. */
  CollectionJobResp: "application/ppm-dap;message=collection-job-resp",
} as const;

/** The name of a message that has a media type. */
export type MessageName = keyof typeof MEDIA_TYPES;

/** What a `Content-Type` of DAP says. */
export interface DapMediaType {
  /** Which message. */
  readonly message: MessageName;
  /** The draft's number, such as `18`, if the sender gives a hint. */
  readonly version?: string;
}

/**
 * Reads a `Content-Type`; null for what is none of DAP's. As HTTP has it, names are of either case, parameters in any
 * order with white space around them and values perhaps in quotes; other parameters are passed over.
 */
export function parseMediaType(contentType: string | null | undefined): DapMediaType | null {
  const [type, ...rest] = (contentType ?? "").split(";").map((part) => part.trim());
  if (type?.toLowerCase() !== TYPE) return null;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [, name, quoted, token] = /^([^\s="]+)=(?:"([^"\\]*)"|([^\s"]+))$/.exec(part) ?? [];
    if (name === undefined) continue;
    // Two answers to one question are none.
    if (parameters.has(name.toLowerCase())) return null;
    parameters.set(name.toLowerCase(), quoted ?? token ?? "");
  }
  const wanted = `${TYPE};message=${parameters.get("message")?.toLowerCase()}`;
  const names = Object.keys(MEDIA_TYPES) as MessageName[];
  const message = names.find((name) => MEDIA_TYPES[name] === wanted);
  if (message === undefined) return null;
  const version = parameters.get("version");
  return version === undefined ? { message } : { message, version };
}
