import type { ListOrder } from "./list-calls.ts";
import type { TimeRange } from "./time-range.ts";

/** How long the first window is, and how many times as long as the one before each other. */
export interface WindowSizes {
  readonly firstNano: bigint;
  readonly growth: bigint;
}

/** A day, the rest of a month: each window is a statement. */
export const daysFirst: WindowSizes = { firstNano: 24n * 3_600_000_000_000n, growth: 24n };

/**
 * Parts of a range from the end that is shown first. A list is asked for one after the other until its page is full:
 * what is common is found in the first, and what is rare costs little in any. A cursor is where the page before ended.
 */
export function timeWindows(
  range: TimeRange,
  order: ListOrder,
  { firstNano, growth }: WindowSizes,
  cursorUnixNano: bigint | undefined,
): TimeRange[] {
  let { fromUnixNano, toUnixNano } = range;
  const cursor = cursorUnixNano;
  if (cursor !== undefined && order === "newest" && cursor < toUnixNano) toUnixNano = cursor + 1n;
  if (cursor !== undefined && order === "oldest" && cursor > fromUnixNano) fromUnixNano = cursor;
  const windows: TimeRange[] = [];
  for (let length = firstNano; fromUnixNano < toUnixNano; length *= growth) {
    const rest = toUnixNano - fromUnixNano;
    const taken = rest < length * 2n ? rest : length;
    if (order === "newest") {
      windows.push({ fromUnixNano: toUnixNano - taken, toUnixNano });
      toUnixNano -= taken;
    } else {
      windows.push({ fromUnixNano, toUnixNano: fromUnixNano + taken });
      fromUnixNano += taken;
    }
  }
  return windows;
}
