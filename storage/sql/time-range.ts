import type { Bindings } from "./bindings.ts";

/** From inclusive, to exclusive, in nanoseconds since 1970. */
export interface TimeRange {
  readonly fromUnixNano: bigint;
  readonly toUnixNano: bigint;
}

export function startedWithin(bindings: Bindings, range: TimeRange): string {
  const from = bindings.instant(range.fromUnixNano);
  return `start_time >= ${from} AND start_time < ${bindings.instant(range.toUnixNano)}`;
}

/** The same for rows that have one time: log records and points of metrics. */
export function happenedWithin(bindings: Bindings, range: TimeRange): string {
  const from = bindings.instant(range.fromUnixNano);
  return `time >= ${from} AND time < ${bindings.instant(range.toUnixNano)}`;
}

const minute = 60_000_000_000n;

/** Widened to whole multiples of a step: what rollups can answer. */
export function widened({ fromUnixNano, toUnixNano }: TimeRange, stepNano: bigint = minute): TimeRange {
  const up = (toUnixNano + stepNano - 1n) / stepNano;
  return { fromUnixNano: (fromUnixNano / stepNano) * stepNano, toUnixNano: up * stepNano };
}

/** The range of the same length that ends where this one begins. */
export function rangeBefore({ fromUnixNano, toUnixNano }: TimeRange): TimeRange {
  const from = fromUnixNano - (toUnixNano - fromUnixNano);
  return { fromUnixNano: from < 0n ? 0n : from, toUnixNano: fromUnixNano };
}
