// How large a task's reports can be, so that a larger upload is refused before it is read. All reports of a VDAF have
// inputs of the same sizes, so that one report shows them.

import type { VdafDescription } from "prio/dap";
import type { Shards, Vdaf } from "prio/prio3";

/** Bytes that a report may have for extensions, public and private, and for ciphers with longer keys than ours. */
const ALLOWANCE = 2048;

/**
 * Bytes of a Report besides its shares, at most: metadata, lengths, encapsulated keys and tags (DAP-18, section 4.4.2).
 */
const FRAME = 512;

/** Bytes of the largest encoded Report of a VDAF that an aggregator takes. */
export function largestReport(vdaf: Vdaf<unknown, unknown>, description: VdafDescription): number {
  const { publicShare, inputShares } = anyReport(vdaf, description);
  const shares = inputShares.reduce((bytes, share) => bytes + share.length, publicShare.length);
  return shares + FRAME + ALLOWANCE;
}

/** Bytes of the largest report in a leader's AggregationJobInitReq. */
export function largestVerifyInit(vdaf: Vdaf<unknown, unknown>, description: VdafDescription): number {
  const { publicShare, inputShares } = anyReport(vdaf, description);
  const [own, other] = inputShares as [Uint8Array, Uint8Array];
  const [key, nonce] = [new Uint8Array(vdaf.verifyKeySize), new Uint8Array(vdaf.nonceSize)];
  const { verifierShare } = vdaf.verifyInit(key, CONTEXT, 0, nonce, publicShare, own);
  return publicShare.length + other.length + verifierShare.length + FRAME + ALLOWANCE;
}

/** Any context is as long as any other here. */
const CONTEXT = new Uint8Array(40);

function anyReport(vdaf: Vdaf<unknown, unknown>, description: VdafDescription): Shards {
  return vdaf.shard(CONTEXT, anyMeasurement(description), new Uint8Array(vdaf.nonceSize));
}

/** A measurement that a VDAF takes: the smallest. */
export function anyMeasurement(description: VdafDescription): unknown {
  switch (description.type) {
    case "Prio3Count":
      return false;
    case "Prio3Sum":
      return 0n;
    case "Prio3Histogram":
      return 0;
    case "Prio3MultihotCountVec":
      return new Array<boolean>(description.length).fill(false);
    case "Prio3SumVec":
    case "Prio3SumVecWithMultiproof":
    case "Prio3L1BoundSum":
      return new Array<bigint>(description.length).fill(0n);
    default:
      return "fields" in description
        ? new Array<boolean>(description.fields).fill(false)
        : new Array<bigint>(description.count).fill(0n);
  }
}
