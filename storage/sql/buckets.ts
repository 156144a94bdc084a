import { type TimeRange, widened } from "./time-range.ts";

/** Steps that divide a day, or are whole days. */
const stepsSeconds = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000];
const wantedBuckets = 120;
const maxBuckets = 1500;

/** The step that gives up to 120 buckets, or, if one was asked for, that one, unless it gives more than 1,500. */
export function bucketSecondsFor({ fromUnixNano, toUnixNano }: TimeRange, asked?: number): number {
  const seconds = Number((toUnixNano - fromUnixNano) / 1_000_000_000n);
  if (asked !== undefined && seconds / asked <= maxBuckets) return asked;
  const limit = asked === undefined ? wantedBuckets : maxBuckets;
  return stepsSeconds.find((step) => seconds / step <= limit) ?? Math.ceil(seconds / limit / 86_400) * 86_400;
}

/** Start of each bucket that the range touches, in seconds since 1970; the first may begin before the range. */
export function bucketStarts(range: TimeRange, bucketSeconds: number): number[] {
  const step = BigInt(bucketSeconds) * 1_000_000_000n;
  const { fromUnixNano, toUnixNano } = widened(range, step);
  const first = Number(fromUnixNano / 1_000_000_000n);
  return Array.from(
    { length: Number((toUnixNano - fromUnixNano) / step) },
    (_, index) => first + index * bucketSeconds,
  );
}
