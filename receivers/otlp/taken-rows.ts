import type { PartialSuccess } from "@weir/otlp";
import type { Batch, NormalizeContext } from "@weir/pipeline";

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
