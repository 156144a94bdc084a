/** Measurements between two values; `lower` is exclusive, `upper` inclusive. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Its bounds lie a factor apart: a position within it is found by the factor, not evenly. */
  readonly isGeometric?: boolean;
}

/**
 * Buckets of an explicit histogram, of counts by index. As in Prometheus, the first begins at zero when its bound is
 * positive, and what is beyond the last bound counts as that bound.
 */
export function explicitBuckets(bounds: readonly number[], counts: ReadonlyMap<number, number>): Bucket[] {
  return [...counts].flatMap(([index, count]) => {
    const upper = bounds[index];
    const last = bounds.at(-1);
    if (count <= 0 || last === undefined) return [];
    if (upper === undefined) return [{ lower: last, upper: last, count }];
    return [{ lower: bounds[index - 1] ?? Math.min(0, upper), upper, count }];
  });
}

export interface ExponentialCounts {
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ReadonlyMap<number, number>;
  readonly negative: ReadonlyMap<number, number>;
}

/** Buckets of an exponential histogram: index i holds (2^(i·2^-scale), 2^((i+1)·2^-scale)]. */
export function exponentialBuckets({ scale, zeroCount, positive, negative }: ExponentialCounts): Bucket[] {
  const boundOf = (index: number) => 2 ** (index * 2 ** -scale);
  const buckets: Bucket[] = zeroCount > 0 ? [{ lower: 0, upper: 0, count: zeroCount }] : [];
  for (const [index, count] of positive) {
    if (count > 0) buckets.push({ lower: boundOf(index), upper: boundOf(index + 1), count, isGeometric: true });
  }
  for (const [index, count] of negative) {
    if (count > 0) buckets.push({ lower: -boundOf(index + 1), upper: -boundOf(index), count, isGeometric: true });
  }
  return buckets;
}

/** The value below which the share of the measurements lies, by position within its bucket; null without any. */
export function quantileOf(buckets: readonly Bucket[], share: number): number | null {
  const sorted = [...buckets].sort((one, other) => one.upper - other.upper || one.lower - other.lower);
  const wanted = sorted.reduce((sum, { count }) => sum + count, 0) * share;
  let seen = 0;
  for (const bucket of sorted) {
    if (seen + bucket.count >= wanted) return within(bucket, (wanted - seen) / bucket.count);
    seen += bucket.count;
  }
  return sorted.at(-1)?.upper ?? null;
}

function within({ lower, upper, isGeometric }: Bucket, part: number): number {
  if (isGeometric !== true) return lower + (upper - lower) * part;
  return upper > 0 ? lower * (upper / lower) ** part : upper * (lower / upper) ** (1 - part);
}
