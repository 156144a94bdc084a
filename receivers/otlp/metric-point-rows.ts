import { latestTimeUnixNano, type MetricPointRow } from "@weir/model";
import { decodeMetrics } from "@weir/otlp";
import { appendIfStorable, checkItemCount, createBlockWriter, metricPointRows } from "@weir/pipeline";
import type { RowMaker, RowsContext, TakenRows } from "./taken-rows.ts";

const unstorable = "A point has a time that is out of range.";

/** Rows of `metric_points`, of exports of metrics. */
export class MetricPointRowMaker implements RowMaker {
  readonly #writer = createBlockWriter("metric_points");

  rowsOf(message: Buffer, context: RowsContext): TakenRows {
    const metrics = decodeMetrics(message);
    const pointCount = metrics.reduce((sum, { data }) => sum + (data.type === "none" ? 0 : data.points.length), 0);
    checkItemCount(pointCount, context.mostItems, "metric points");
    const arrivedUnixNano = BigInt(Date.now()) * 1_000_000n;
    let rejectedCount = 0;
    let firstReason = "";
    for (const metric of metrics) {
      const made = metricPointRows(metric, context, arrivedUnixNano);
      const outOfRangeCount = made.rows.filter((row) => !isInRange(row) || !appendIfStorable(this.#writer, row)).length;
      rejectedCount += made.rejectedCount + outOfRangeCount;
      firstReason ||= made.reason || (outOfRangeCount > 0 ? unstorable : "");
    }
    const batch = this.#writer.rowCount === 0 ? undefined : this.#writer.finish();
    return { batch, partial: rejectedCount === 0 ? undefined : { rejectedCount, reason: firstReason } };
  }
}

function isInRange({ time, start_time, exemplar_times }: MetricPointRow): boolean {
  return (
    time <= latestTimeUnixNano &&
    start_time <= latestTimeUnixNano &&
    exemplar_times.every((at) => at <= latestTimeUnixNano)
  );
}
