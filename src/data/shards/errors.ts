/** What can be wrong with sets of shards as a whole; what is wrong with one record is counted, see `../tally.ts`. */
import { FlamingoError } from "../../errors.js";

/** A folder of shards, or a file of one, that is not there or not what it should be. */
export class ShardError extends FlamingoError {
  readonly code = "DATA_SHARD";
}

/** A record that no shard may hold: its id, its positions or its media contradict what a record is. */
export class RecordError extends FlamingoError {
  readonly code = "DATA_RECORD";
}

/** A folder that holds the same part of another build, or in which another process builds it at this moment. */
export class BuildConflictError extends FlamingoError {
  readonly code = "DATA_BUILD";
}

/** A saved place in a set of shards that belongs to another set, or to a reader with other settings. */
export class ReaderStateError extends FlamingoError {
  readonly code = "DATA_READER_STATE";
}
