// `prio/replays`, for Node: a replay record on disk. No logic here.

export {
  FileReplayRecord,
  type FileReplayRecordOptions,
  ReplayRecordError,
  type ReplayRecordErrorCode,
} from "./record.js";
