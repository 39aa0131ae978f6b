#!/bin/sh
# One step of a batch whose parts run apart: the same for a pod of a Kubernetes Job and for xargs (README.md).
#
#   stage.sh partition             deals the rows of raw/ out to $PARTS parts
#   stage.sh verify1 [INDEX]       runs a stage on one part; by default that of $JOB_COMPLETION_INDEX
#   stage.sh verify2 [INDEX]
#   stage.sh aggregate [INDEX]
#   stage.sh done STAGE            says that all parts of a stage are there: writes STAGE/_SUCCESS
#   stage.sh merge                 adds the aggregates of all parts up
#
# The batch, the keys' files and the query points are in the environment, under the names of the command's options. The
# files are below $DATA: raw/, parts/, replays/ and the stages' results are this server's; peer/verify1 and peer/verify2
# are copies of the other server's.
set -eu

stage=$1
cd "$DATA"

name() {
  printf 'part-%05d.ndjson' "$1"
}

fail() {
  echo "stage.sh: $1" >&2
  exit 1
}

# A part that is missing would be missing in the totals.
require_all() {
  i=0
  while [ "$i" -lt "$PARTS" ]; do
    [ -f "$1/$(name "$i")" ] || fail "$1/$(name "$i") is missing: not all of $PARTS parts have run"
    i=$((i + 1))
  done
}

# So would be what the other server's half of a stage lacks.
require_peer() {
  [ -f "peer/$1/_SUCCESS" ] || fail "peer/$1/_SUCCESS is missing: copy the other server's $1 first"
}

case $stage in
  partition)
    # On disk before what it will hold.
    [ -d replays ] || { mkdir replays && sync; }
    exec prio partition --parts "$PARTS" --input raw --output parts --replays replays/partition
    ;;
  verify1 | verify2 | aggregate)
    index=${2:-$JOB_COMPLETION_INDEX}
    part=$(name "$index")
    set -- "$stage" --input "parts/$part" --output "$stage" --replays "replays/${part%.ndjson}" --jobs 1 --allow-empty
    case $stage in
      verify2)
        require_peer verify1
        set -- "$@" --input-internal "verify1/$part" --input-external "peer/verify1/$part"
        ;;
      aggregate)
        require_peer verify2
        set -- "$@" --input-internal "verify2/$part" --input-external "peer/verify2/$part" --per-part
        ;;
    esac
    exec prio "$@"
    ;;
  done)
    require_all "$2"
    : > "$2/_SUCCESS"
    ;;
  merge)
    require_all aggregate
    exec prio merge --input aggregate --output merged
    ;;
  *)
    echo "stage.sh: unknown step $stage" >&2
    exit 2
    ;;
esac
