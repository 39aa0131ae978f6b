// Shares, encrypted to those who may see them (DAP-18, sections 4.4.2, 4.5.3.3 and 4.6.7). An input share opens only
// with the task, the metadata and the public share that it was made for, and an aggregate share only with the task and
// the collector's request.

import { encodeTls, TlsWriter } from "../codec/tls.js";
import { type Bytes, concat, copyOfBytes, utf8 } from "../core/bytes.js";
import { cannotOpen } from "../crypto/ecies.js";
import { HpkeInfo, hpkeOpen, hpkeSeal } from "../crypto/hpke.js";
import type { HpkeCiphertext } from "./basic-messages.js";
import { type AggregatorRole, DAP_VERSION, Role } from "./codes.js";
import { type CollectionJobReq, collectionJobReq } from "./collection-messages.js";
import { type HpkeKeyPair, privateKeyOf, recipientOf } from "./hpke-keys.js";
import { bindingOf, type DapTask } from "./task.js";
import {
  decodePlaintextInputShare,
  encodePlaintextInputShare,
  type HpkeConfig,
  type PlaintextInputShare,
  publicShare as publicShareCodec,
  type ReportMetadata,
  reportMetadata as reportMetadataCodec,
} from "./upload-messages.js";

/** The four infos: what is sent, from whom, to whom. */
const infos = new Map<string, HpkeInfo>();

function infoOf(what: "input share" | "aggregate share", from: number, to: number): HpkeInfo {
  const key = `${what} ${from} ${to}`;
  let info = infos.get(key);
  if (info === undefined) {
    info = new HpkeInfo(concat(utf8(`${DAP_VERSION} ${what}`, "info"), Uint8Array.of(from, to)));
    infos.set(key, info);
  }
  return info;
}

const inputShareInfo = (role: AggregatorRole): HpkeInfo => infoOf("input share", Role.client, Role[role]);
const aggregateShareInfo = (role: AggregatorRole): HpkeInfo => infoOf("aggregate share", Role[role], Role.collector);

/** The encoded `InputShareAad`. */
function inputShareAad(task: DapTask, metadata: ReportMetadata, publicShare: Uint8Array): Bytes {
  const writer = new TlsWriter();
  const binding = bindingOf(task);
  writer.raw(binding, binding.length);
  reportMetadataCodec.write(writer, metadata, "reportMetadata");
  publicShareCodec.write(writer, publicShare as Bytes, "publicShare");
  return writer.toBytes();
}

/** The encoded `AggregateShareAad`. */
function aggregateShareAad(task: DapTask, request: CollectionJobReq): Bytes {
  return concat(bindingOf(task), encodeTls(collectionJobReq, request, "CollectionJobReq"));
}

/**
 * Encrypts an input share to the leader or the helper. Throws `invalid-key` for a configuration whose algorithms this
 * library lacks or whose key is of low order, and `no-randomness`.
 */
export function sealInputShare(
  task: DapTask,
  role: AggregatorRole,
  config: HpkeConfig,
  metadata: ReportMetadata,
  publicShare: Uint8Array,
  share: PlaintextInputShare,
): HpkeCiphertext {
  const aad = inputShareAad(task, metadata, publicShare);
  return seal(config, inputShareInfo(role), aad, encodePlaintextInputShare(share));
}

/**
 * Opens the input share of the leader or the helper. Throws `cannot-open` for whatever does not open (the report's
 * error is `hpkeDecryptError`), the id of another configuration included, and `malformed` for contents that are no
 * `PlaintextInputShare` (`invalidMessage`). Check its extensions with `areReportExtensionsValid`.
 */
export function openInputShare(
  task: DapTask,
  role: AggregatorRole,
  keyPair: HpkeKeyPair,
  metadata: ReportMetadata,
  publicShare: Uint8Array,
  ciphertext: HpkeCiphertext,
): PlaintextInputShare {
  const aad = inputShareAad(task, metadata, publicShare);
  return decodePlaintextInputShare(open(keyPair, inputShareInfo(role), aad, ciphertext));
}

/**
 * Encrypts the aggregate share of the leader or the helper to the collector. Each call gives other bytes: keep them.
 * Throws `invalid-key`, `no-randomness`.
 */
export function sealAggregateShare(
  task: DapTask,
  role: AggregatorRole,
  config: HpkeConfig,
  request: CollectionJobReq,
  share: Uint8Array,
): HpkeCiphertext {
  const plaintext = copyOfBytes(share, "aggregate share");
  return seal(config, aggregateShareInfo(role), aggregateShareAad(task, request), plaintext);
}

/** Opens the aggregate share of the leader or the helper with the collector's request. Throws `cannot-open`. */
export function openAggregateShare(
  task: DapTask,
  role: AggregatorRole,
  keyPair: HpkeKeyPair,
  request: CollectionJobReq,
  ciphertext: HpkeCiphertext,
): Bytes {
  return open(keyPair, aggregateShareInfo(role), aggregateShareAad(task, request), ciphertext).slice();
}

function seal(config: HpkeConfig, info: HpkeInfo, aad: Uint8Array, plaintext: Uint8Array): HpkeCiphertext {
  return { configId: config.id, ...hpkeSeal(recipientOf(config), info, aad, plaintext) };
}

function open(
  keyPair: HpkeKeyPair,
  info: HpkeInfo,
  aad: Uint8Array,
  { configId, enc, payload }: HpkeCiphertext,
): Uint8Array {
  const privateKey = privateKeyOf(keyPair);
  const plaintext = configId === keyPair.id ? hpkeOpen(privateKey, info, aad, enc, payload) : null;
  if (plaintext === null) throw cannotOpen("share");
  return plaintext;
}
