/** Rows of Parquet files. */
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { UsageError } from "../../errors.js";
import type { Rows } from "./row.js";

/** Bytes read at once, about: for every part of a row group its columns are read from their beginning. */
const BYTES_AT_ONCE = 1 << 27;
/** Rows read at once: short ones are larger as objects than in the file. */
const ROWS_AT_ONCE = 1 << 14;
/** Rows that are lost together where some cannot be read. */
const LOST_AT_ONCE = 256;

/**
 * The rows of a file; each that cannot be read is a fault.
 * @throws {UsageError} for a file whose end, which says where its rows are, is not that of a Parquet file
 */
export async function* parquetRows(path: string): Rows {
  const file = await asyncBufferFromFile(path);
  const metadata = await metadataOf(path, file);
  let groupStart = 0;
  for (const [group, { num_rows, total_byte_size }] of metadata.row_groups.entries()) {
    const count = Number(num_rows);
    const fitting = Math.floor((BYTES_AT_ONCE * count) / Math.max(1, Number(total_byte_size)));
    const step = Math.max(1, Math.min(ROWS_AT_ONCE, fitting));
    for (let from = 0; from < count; from += step)
      yield* rowsBetween(group, groupStart + from, groupStart + Math.min(from + step, count));
    groupStart += count;
  }

  async function* rowsBetween(group: number, rowStart: number, rowEnd: number): Rows {
    let rows: Record<string, unknown>[];
    try {
      rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd, utf8: false });
    } catch (error) {
      if (rowEnd - rowStart > LOST_AT_ONCE)
        for (let from = rowStart; from < rowEnd; from += LOST_AT_ONCE)
          yield* rowsBetween(group, from, Math.min(from + LOST_AT_ONCE, rowEnd));
      else {
        const found = `row group ${group}, rows ${rowStart} to ${rowEnd - 1}: ${(error as Error).message.slice(0, 120)}`;
        for (let record = rowStart; record < rowEnd; record++)
          yield { place: { file: path, record, found }, fault: "damaged row group" };
      }
      return;
    }
    for (const [i, fields] of rows.entries()) yield { place: { file: path, record: rowStart + i }, fields };
  }
}

async function metadataOf(path: string, file: Awaited<ReturnType<typeof asyncBufferFromFile>>): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file);
  } catch (cause) {
    throw new UsageError(
      `${path} is no Parquet file that can be read: ${(cause as Error).message}.`,
      "fetch it again, or write it anew",
      { cause },
    );
  }
}
