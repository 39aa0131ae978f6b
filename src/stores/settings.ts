// What opens a store besides its URL.

/** Keys for S3, or for a server that speaks its protocol. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Comes with keys that are valid for a while. */
  readonly sessionToken?: string | undefined;
}

/** All are optional. Those about S3 mean nothing to a directory. */
export interface StoreSettings {
  /** Ends every request, and all waiting between two tries, when it is aborted: an overall deadline. */
  readonly signal?: AbortSignal | undefined;
  /** Gets a sentence about what an operator should know, though the request goes on. By default it is dropped. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Where the usual variables for credentials, region and endpoint are looked up; by default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * The address of the server, such as `http://minio:9000` or `https://storage.googleapis.com`. By default
   * `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, and without these AWS itself.
   */
  readonly endpoint?: string | undefined;
  /** By default `AWS_REGION`, `AWS_DEFAULT_REGION`, or what the profile says; without these, us-east-1. */
  readonly region?: string | undefined;
  /** By default from the usual variables and files; they are read again when the server says that keys have expired. */
  readonly credentials?: S3Credentials | undefined;
  /** The part of the credentials file that is used; by default `AWS_PROFILE`, or `default`. */
  readonly profile?: string | undefined;
  /** Whether the bucket is in the path of a URL, not in its host name. By default yes, except on AWS. */
  readonly pathStyle?: boolean | undefined;
  /** How often a request is tried that can succeed later, 6 times by default. */
  readonly tries?: number | undefined;
  /** Milliseconds between the first two tries, 200 by default; they double up to 20 s, less a random part. */
  readonly delay?: number | undefined;
  /** Milliseconds without any progress after which a request is tried anew, 30,000 by default. */
  readonly idleTimeout?: number | undefined;
  /** Bytes of the parts in which an object is written; by default 5 MiB, the fewest that AWS takes. */
  readonly partSize?: number | undefined;
  /**
   * Whether the ETag of an object that was written in one piece and is not encrypted with the user's keys is the MD5 of
   * its bytes, and is checked. By default yes, as with AWS and all servers that are known to us.
   */
  readonly checksETag?: boolean | undefined;
}
