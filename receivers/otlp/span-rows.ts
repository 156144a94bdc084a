import { ExportWriter } from "@weir/pipeline";
import type { ReceiversConfig } from "../config.ts";
import type { RowMaker, RowsContext, TakenRows } from "./taken-rows.ts";

const unstorable = "A span has a time or a number that is out of range.";
const withoutIds = "A span needs a trace id of 16 bytes and a span id of 8 bytes that are not all zero.";

/** Rows of `spans`, of exports of traces. */
export class SpanRows implements RowMaker {
  readonly #writer: ExportWriter;

  constructor(config: ReceiversConfig) {
    this.#writer = new ExportWriter(config);
  }

  rowsOf(message: Buffer, context: RowsContext): TakenRows {
    const { batch, withoutIdsCount, unstorableCount } = this.#writer.write(message, context, context.keyId);
    const rejectedCount = withoutIdsCount + unstorableCount;
    if (rejectedCount === 0) return { batch, partial: undefined };
    return { batch, partial: { rejectedCount, reason: withoutIdsCount > 0 ? withoutIds : unstorable } };
  }
}
