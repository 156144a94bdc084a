import { CodedError } from "@weir/model";
import type { PartialSuccess } from "@weir/otlp";
import type { Batch, BlockWriter, NormalizeContext } from "@weir/pipeline";

/** What of an export becomes rows, and what of it does not. */
export interface TakenRows {
  readonly batch: Batch | undefined;
  readonly partial: PartialSuccess | undefined;
}

/** Who sent an export, and how much of it is taken. */
export interface RowsContext extends NormalizeContext {
  readonly keyId: string;
  /** Most spans, records or points. */
  readonly mostItems: number;
}

/** Makes rows of one signal's exports. Keeps its buffers from one export to the next. */
export interface RowMaker {
  /** Throws a CodedError when nothing of the message can be taken: BAD_REQUEST or BODY_TOO_LARGE. */
  rowsOf(message: Buffer, context: RowsContext): TakenRows;
}

/** The last time that ClickHouse's DateTime64(9) holds, in the year 2262. */
export const latestTime = 2n ** 63n - 1n;

/** Throws BODY_TOO_LARGE when an export has more than may be. */
export function checkItemCount(count: number, mostItems: number, items: string): void {
  if (count <= mostItems) return;
  throw new CodedError("BODY_TOO_LARGE", `The export has more than ${mostItems} ${items} (receivers.maxExportSpans).`);
}

/** False for a row with a value that no column holds. */
export function appended<Row>(writer: BlockWriter<Row>, row: Row): boolean {
  try {
    writer.append(row);
    return true;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}
