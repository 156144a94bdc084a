import type { Bindings } from "./bindings.ts";

const secondNano = 1_000_000_000n;
const minute = 60n * secondNano;
const tenMinutesNano = 10n * minute;

/** From inclusive, to exclusive, in nanoseconds since 1970. */
export interface TimeRange {
  readonly fromUnixNano: bigint;
  readonly toUnixNano: bigint;
}

export function startedWithin(bindings: Bindings, range: TimeRange): string {
  const from = bindings.instant(range.fromUnixNano);
  return `start_time >= ${from} AND start_time < ${bindings.instant(range.toUnixNano)}`;
}

/**
 * The same for rows of `spans`, said of their key too: ClickHouse does not infer that a time within the range is in one
 * of its ten minutes, and would read all that the project has in the week.
 */
export function spansStartedWithin(bindings: Bindings, range: TimeRange): string {
  const within = startedWithin(bindings, range);
  // The key's type ends in 2106 and begins again: of such times the key says nothing.
  if (range.toUnixNano >= 2n ** 32n * secondNano) return within;
  const first = (range.fromUnixNano / tenMinutesNano) * tenMinutesNano;
  const key = "toStartOfTenMinutes(start_time)";
  return `${key} >= ${bindings.second(first)} AND ${key} <= ${bindings.second(range.toUnixNano)} AND ${within}`;
}

/** The same for rows that have one time: log records and points of metrics. */
export function happenedWithin(bindings: Bindings, range: TimeRange): string {
  const from = bindings.instant(range.fromUnixNano);
  return `time >= ${from} AND time < ${bindings.instant(range.toUnixNano)}`;
}

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
