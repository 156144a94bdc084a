import type { Batch, OpenCall } from "../consumer.ts";

/** What is done to rows, whichever way they came in, before they are first written. */
export interface BatchStep {
  /** The batch to go on with: the same one, or one of other rows and the same `closes`. Takes ownership of its bytes. */
  onBatch(batch: Batch): Batch;
  /** The announcement to go on with. */
  onOpenCall(call: OpenCall): OpenCall;
}
