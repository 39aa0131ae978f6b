// Where a bucket is: the server's address, and whether the bucket is in the path or in the host name.

import { requirePrefix } from "../keys.js";
import { StoreError } from "../store.js";

/** What is asked for; see StoreSettings. */
export interface EndpointSettings {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly pathStyle: boolean | undefined;
}

/** The bucket of `s3://bucket/prefix`, and the prefix with a slash at its end unless it is empty. */
export interface Location {
  readonly bucket: string;
  readonly prefix: string;
}

/** More than AWS allows today, as old buckets and other servers have such names too. */
const BUCKET = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){1,253}[A-Za-z0-9]$/;
const REGION = /^[a-z0-9-]{1,40}$/;

/** Takes a URL apart. Throws `refused`. */
export function parseLocation(url: string): Location {
  const refuse = (reason: string): never => {
    throw new StoreError("refused", "cannot open", reason, { store: withoutSecrets(url) });
  };
  const [, bucket = "", path = ""] = /^[a-z0-9]+:\/\/([^/]*)(?:\/(.*))?$/is.exec(url) ?? [];
  if (!BUCKET.test(bucket)) refuse("expected s3://bucket/prefix, with the name of a bucket");
  const prefix = path.replace(/\/$/, "");
  requirePrefix(`${prefix}/`.replace(/^\/$/, ""), "cannot open", `s3://${bucket}`);
  return { bucket, prefix: prefix === "" ? "" : `${prefix}/` };
}

/** Somebody could write keys before the bucket, as in the URL of a web site. */
function withoutSecrets(url: string): string {
  return url.replace(/^([a-z0-9]+:\/\/)[^/]*@/i, "$1");
}

/** Whether a text can be the name of a region: it becomes a part of a host name. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** The address of a bucket. */
export class Endpoint {
  /** Scheme, host and port, and the bucket if it is in the path; without a slash at the end. */
  readonly base: string;
  readonly region: string;
  readonly isAws: boolean;
  readonly isGoogle: boolean;
  /** With its port, without the bucket. */
  readonly host: string;
  readonly #bucket: string;
  readonly #settings: EndpointSettings;

  /** Throws `refused` for an endpoint or a region that cannot be one. */
  constructor(bucket: string, settings: EndpointSettings) {
    const { endpoint, region, pathStyle } = settings;
    if (!isRegion(region)) throw this.#refused(bucket, "the region is no name of a region");
    this.region = region;
    this.#bucket = bucket;
    this.#settings = settings;
    this.isAws = endpoint === undefined;
    // Certificates of AWS stand for one name before the dot.
    const inPath = pathStyle ?? (!this.isAws || bucket.includes("."));
    const { protocol, host } = endpoint === undefined ? awsAddress(region) : this.#address(endpoint);
    this.host = host;
    this.isGoogle = host === "storage.googleapis.com";
    this.base = inPath ? `${protocol}//${host}/${bucket}` : `${protocol}//${bucket}.${host}`;
  }

  /** The same bucket in another region. */
  inRegion(region: string): Endpoint {
    return new Endpoint(this.#bucket, { ...this.#settings, region });
  }

  #address(endpoint: string): URL {
    const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
    if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
      throw this.#refused(this.#bucket, "the endpoint: expected an address such as https://s3.example.org");
    }
    if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
      throw this.#refused(this.#bucket, "the endpoint: expected a scheme, a host and perhaps a port, and nothing else");
    }
    return url;
  }

  #refused(bucket: string, reason: string): StoreError {
    return new StoreError("refused", "cannot open", reason, { store: `s3://${bucket}` });
  }
}

function awsAddress(region: string): { protocol: string; host: string } {
  return { protocol: "https:", host: `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}` };
}

/** A text as it stands in a URL, by RFC 3986: every byte is escaped that is not a letter, a digit, or one of -._~ */
export function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
