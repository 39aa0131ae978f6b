"""The other side of boto3.test.ts: writes objects with Amazon's own client, or reads what is there.

Prints the size and SHA-256 of each object by its key, as JSON.
"""

import hashlib
import io
import json
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

endpoint, key_id, secret, bucket, prefix, mode = sys.argv[1:7]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    aws_access_key_id=key_id,
    aws_secret_access_key=secret,
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}),
)

if mode == "write":
    small = bytes(range(256)) * 40
    for key in json.loads(sys.argv[7]):
        s3.put_object(Bucket=bucket, Key=prefix + key, Body=small + key.encode())
    s3.put_object(Bucket=bucket, Key=prefix + "packed", Body=small, ContentEncoding="gzip", ContentType="text/html")
    s3.put_object(Bucket=bucket, Key=prefix + "folder/", Body=b"")
    body = io.BytesIO(bytes(12_000_000) + b"end")
    parts = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)
    s3.upload_fileobj(body, bucket, prefix + "large", Config=parts)

found = {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
    for item in page.get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        found[item["Key"][len(prefix) :]] = [item["Size"], hashlib.sha256(body).hexdigest()]
print(json.dumps(found))
