import { crc32 } from "node:zlib";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { OpenCall } from "../consumer.ts";
import type { Frame } from "../journal/frame.ts";
import type { Range } from "./batch-log.ts";
import type { Delivery } from "./delivery.ts";
import type { RowBlock } from "./joint-blocks.ts";
import { withPreviews } from "./preview-columns.ts";

/** The name of a batch: its first range begins no other batch, the checksum tells of the other ranges. */
export function tokenOf(ranges: readonly Range[]): string {
  const [first] = ranges;
  if (first === undefined) throw new RangeError("a batch has a range");
  const others = ranges.length > 1 ? `+${ranges.length - 1}.${crc32(JSON.stringify(ranges)).toString(16)}` : "";
  return `${first.producer}:${first.incarnation}:${first.segment}.${first.from}-${first.to}${others}`;
}

/** Adjoining parts of a segment as one. */
export function joinedRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    const adjoins =
      last?.producer === range.producer &&
      last.incarnation === range.incarnation &&
      last.segment === range.segment &&
      last.to === range.from;
    if (adjoins) joined[joined.length - 1] = { ...last, to: range.to, rows: last.rows + range.rows };
    else joined.push(range);
  }
  return joined;
}

/** One insert for each table and version of its columns, since only such blocks may stand behind one another. */
export function deliveriesOf(token: string, frames: readonly Frame[], blockOf: (frame: Frame) => RowBlock): Delivery[] {
  const deliveries = new Map<string, Delivery & { readonly blocks: RowBlock[] }>();
  for (const frame of frames) {
    const { table, columnsVersion } = frame;
    if (table === undefined) continue;
    const name = `${token}:${table}.${columnsVersion}`;
    const delivery = deliveries.get(name) ?? { table, token: name, blocks: [] };
    delivery.blocks.push(blockOf(frame));
    deliveries.set(name, delivery);
  }
  return [...deliveries.values()];
}

/**
 * The rows of calls that their process did not live to end, as one insert. The same calls give the same rows: the
 * duration ends with the process's last sign of life. Calls whose rows cannot be encoded are handed to `onUnreadable`.
 */
export function interruptedDelivery(
  journal: string,
  calls: readonly OpenCall[],
  lastTimeMs: number,
  onUnreadable: (error: unknown) => void,
): Delivery | undefined {
  const blocks = createBlockWriter("spans");
  const lastTimeNs = BigInt(Math.trunc(lastTimeMs * 1000)) * 1000n;
  for (const { row } of calls) {
    const durationNs = lastTimeNs > row.start_time ? Number(lastTimeNs - row.start_time) : 0;
    try {
      blocks.append({ ...row, status: "interrupted", duration_ns: durationNs });
    } catch (error) {
      onUnreadable(error);
    }
  }
  if (blocks.rowCount === 0) return undefined;
  const { block, rowCount } = blocks.finish();
  return {
    table: "spans",
    token: `${journal.replace("/", ":")}:interrupted`,
    blocks: [{ block: withPreviews(block), rowCount }],
  };
}
