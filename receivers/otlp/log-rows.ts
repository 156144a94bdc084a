import { randomInt } from "node:crypto";
import { latestTimeUnixNano } from "@weir/model";
import { decodeLogs } from "@weir/otlp";
import { appendIfStorable, checkItemCount, createBlockWriter, logRow } from "@weir/pipeline";
import type { RowMaker, RowsContext, TakenRows } from "./taken-rows.ts";

const unstorable = "A log record has a time that is out of range.";

/** Rows of `logs`, of exports of logs. */
export class LogRows implements RowMaker {
  readonly #writer = createBlockWriter("logs");
  /** Begins anywhere, so that two processes hardly ever give one number to records of the same instant. */
  #sequence = randomInt(2 ** 32);

  rowsOf(message: Buffer, context: RowsContext): TakenRows {
    const records = decodeLogs(message);
    checkItemCount(records.length, context.mostItems, "log records");
    const arrivedUnixNano = BigInt(Date.now()) * 1_000_000n;
    let rejectedCount = 0;
    for (const record of records) {
      this.#sequence = (this.#sequence + 1) >>> 0;
      const isInRange = record.timeUnixNano <= latestTimeUnixNano && record.observedTimeUnixNano <= latestTimeUnixNano;
      const arrival = { timeUnixNano: arrivedUnixNano, sequence: this.#sequence };
      if (!isInRange || !appendIfStorable(this.#writer, logRow(record, context, arrival))) rejectedCount++;
    }
    const batch = this.#writer.rowCount === 0 ? undefined : this.#writer.finish();
    return { batch, partial: rejectedCount === 0 ? undefined : { rejectedCount, reason: unstorable } };
  }
}
