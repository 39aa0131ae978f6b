// The S3 servers that scripts/test-s3.mjs started.

import { AwsClient } from "aws4fetch";
import type { S3Credentials } from "../../src/stores/settings.js";

export interface S3Server {
  readonly name: string;
  readonly endpoint: string;
  readonly credentials: S3Credentials;
  readonly checksSignatures: boolean;
}

export const servers = JSON.parse(process.env["PRIO_S3_SERVERS"] ?? "[]") as S3Server[];

/** Makes a bucket that no other test uses. */
export async function newBucket({ endpoint, credentials }: S3Server): Promise<string> {
  const bucket = `test-${Math.random().toString(36).slice(2, 12)}`;
  const { accessKeyId, secretAccessKey } = credentials;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
  const response = await client.fetch(`${endpoint}/${bucket}`, { method: "PUT" });
  if (!response.ok) throw new Error(`cannot make a bucket: ${response.status} ${await response.text()}`);
  return bucket;
}

/** The uploads of a bucket that were begun and not ended. */
export async function uploadsOf({ endpoint, credentials }: S3Server, bucket: string): Promise<number> {
  const { accessKeyId, secretAccessKey } = credentials;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
  const response = await client.fetch(`${endpoint}/${bucket}?uploads=`);
  return (await response.text()).split("<UploadId>").length - 1;
}
