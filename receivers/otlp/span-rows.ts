import { type Span, SpanCursor } from "@weir/otlp";
import { createBlockWriter, normalizeSpans } from "@weir/pipeline";
import { appended, checkItemCount, latestTime, type RowMaker, type RowsContext, type TakenRows } from "./taken-rows.ts";

const unstorable = "A span has a time or a number that is out of range.";
const withoutIds = "A span needs a trace id of 16 bytes and a span id of 8 bytes that are not all zero.";

/** Rows of `spans`, of exports of traces. */
export class SpanRows implements RowMaker {
  readonly #cursor = new SpanCursor();
  readonly #writer = createBlockWriter("spans");

  rowsOf(message: Buffer, context: RowsContext): TakenRows {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const spans: Span[] = [];
    let withoutIdsCount = 0;
    let unstorableCount = 0;
    let isWhole = false;
    try {
      cursor.open(message);
      while (cursor.next()) {
        if (!cursor.hasIds) {
          withoutIdsCount++;
          continue;
        }
        checkItemCount(spans.length + 1, context.mostItems, "spans");
        const span = cursor.span();
        if (span.startTimeUnixNano > latestTime || span.endTimeUnixNano > latestTime) {
          unstorableCount++;
          continue;
        }
        spans.push(span);
      }
      // Together: two spans of one export may tell of the same call.
      for (const row of normalizeSpans(spans, context)) {
        row.api_key_id = context.keyId;
        if (!appended(writer, row)) unstorableCount++;
      }
      isWhole = true;
    } finally {
      cursor.close();
      if (!isWhole) writer.finish();
    }
    const batch = writer.rowCount === 0 ? undefined : writer.finish();
    const rejectedCount = withoutIdsCount + unstorableCount;
    if (rejectedCount === 0) return { batch, partial: undefined };
    return { batch, partial: { rejectedCount, reason: withoutIdsCount > 0 ? withoutIds : unstorable } };
  }
}
