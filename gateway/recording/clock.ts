// Durations are taken from the monotonic clock; this is what it must be shifted by to tell the time of day.
let offsetMs = performance.timeOrigin;
let checkedAtMs = 0;
const toleranceMs = 5;

/** The time of day at a reading of `performance.now()`, in ns since 1970. Follows corrections of the system's clock. */
export function unixNanoAt(nowMs: number): bigint {
  if (nowMs - checkedAtMs > 1000 || nowMs < checkedAtMs) {
    checkedAtMs = nowMs;
    const driftMs = Date.now() - (offsetMs + performance.now());
    if (Math.abs(driftMs) > toleranceMs) offsetMs += driftMs;
  }
  const unixMs = offsetMs + nowMs;
  const wholeMs = Math.floor(unixMs);
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((unixMs - wholeMs) * 1e6));
}
