/**
 * For Node: a replay record on disk.
 *
 * @module prio/replays
 */

// What users import. No logic here.

export {
  FileReplayRecord,
  type FileReplayRecordOptions,
  ReplayRecordError,
  type ReplayRecordErrorCode,
  type TotalAnswer,
} from "./record.js";
