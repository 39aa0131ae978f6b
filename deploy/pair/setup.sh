#!/bin/sh
# Makes what both sides of the trial need, in /trial: it takes the place of the operators, who would each do their own
# half, and of the clients. pair.yaml runs it.
set -eu
cd /trial
DAY=2026-03-01
for side in a b; do
  mkdir -p $side/ingest $side/private $side/work $side/replays
  prio keygen --output $side/keys.json
done
prio shared-seed --output a/secret.json
cp -p a/secret.json b/secret.json
key() { sed 's/.*"public_key": "\([^"]*\)".*/\1/' "$1/keys.json"; }
KEY_A=$(key a) KEY_B=$(key b)

# The buckets of the S3 server, and its keys.
mkdir -p s3/shared-a s3/shared-b
umask 077
printf '[default]\naws_access_key_id = prio-trial\naws_secret_access_key = only-for-trials\n' > s3-keys
umask 022

# Server, its own key, the other server's key, its bucket, the other server's bucket.
configuration() {
  cat << END
{
  "server": "$1",
  "app": "survey",
  "batches": [
    { "batch_id": "visits", "n_data": 3 },
    { "batch_id": "ages", "n_data": 2, "precision": 7 }
  ],
  "publicKeyInternal": "$2",
  "publicKeyExternal": "$3",
  "privateKeyFiles": ["/run/secrets/keys.json"],
  "sharedSecretFile": "/run/secrets/secret.json",
  "stores": {
    "ingest": "/var/lib/prio/ingest",
    "private": "/var/lib/prio/private",
    "shared": "s3://$4",
    "peer": "s3://$5"
  },
  "work": "/var/lib/prio/work",
  "replays": "/var/lib/prio/replays",
  "maxErrors": "5%"
}
END
}
configuration A "$KEY_A" "$KEY_B" shared-a shared-b > a/process.json
configuration B "$KEY_B" "$KEY_A" shared-b shared-a > b/process.json

# 300 clients report to both batches.
folder() { echo "$1/ingest/data/v1/$2/survey/$DAY/raw/shares"; }
A=$(folder a "$KEY_B") B=$(folder b "$KEY_A")
encode() {
  batch=$1
  shift
  prio encode-shares --batch-id "$batch" "$@" --input part-00000.ndjson \
    --public-key-hex-internal "$KEY_A" --public-key-hex-external "$KEY_B" \
    --output-A "$A/batch_id=$batch" --output-B "$B/batch_id=$batch"
  rm part-00000.ndjson
}
awk 'BEGIN { for (i = 0; i < 300; i++) printf "{\"payload\": [%d, %d, %d]}\n", i % 2, i % 3 == 0, i % 5 == 0 }' \
  > part-00000.ndjson
encode visits --n-data 3
awk 'BEGIN { for (i = 0; i < 300; i++) printf "{\"payload\": [%d, %d]}\n", 18 + i % 60, i % 7 }' > part-00000.ndjson
encode ages --n-data 2 --precision 7
touch "$A/_SUCCESS" "$B/_SUCCESS"
echo "ready: keys, configurations and the shares of $DAY"
