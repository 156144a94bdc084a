import type { StreamRhythm } from "@weir/model/browser";

/** A content chunk, or the last of a group of them, on the line of a call's time. */
export interface RhythmMark {
  /** Share of the call's duration at which it came, 0 to 1. */
  readonly at: number;
  /** How long nothing came before it, in ns. */
  readonly gap_ns: number;
  /** True for the longest of the gaps, where it stands out: at least three times the median. */
  readonly isStall: boolean;
}

/** Where the chunks of a stream stand on the line of its call. */
export function rhythmMarks(rhythm: StreamRhythm, duration_ns: number, ttft_ns: number): RhythmMark[] {
  if (duration_ns <= 0) return [];
  const gapsNs = rhythm.gapsMs.map((gapMs) => gapMs * 1e6);
  const longest = Math.max(...gapsNs);
  const median = gapsNs.toSorted((a, b) => a - b)[Math.floor(gapsNs.length / 2)] ?? 0;
  const stallIndex = longest >= 3 * median && longest > 0 ? gapsNs.indexOf(longest) : -1;
  let atNs = ttft_ns;
  const marks: RhythmMark[] = [{ at: Math.min(1, ttft_ns / duration_ns), gap_ns: 0, isStall: false }];
  for (const [index, gap_ns] of gapsNs.entries()) {
    atNs += gap_ns;
    marks.push({ at: Math.min(1, atNs / duration_ns), gap_ns, isStall: index === stallIndex });
  }
  return marks;
}
