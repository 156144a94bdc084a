import assert from "node:assert/strict";
import { test } from "node:test";
import { generationTokensPerSecond, prefillTokensPerSecond, type TimedRow, timePerOutputTokenNs } from "./timing.ts";

const row = (known: Partial<TimedRow>): TimedRow => ({
  duration_ns: 2_500_000_000,
  ttft_ns: 500_000_000,
  input_tokens: 1000,
  cache_read_tokens: null,
  output_tokens: 101,
  ...known,
});

/** What is known, and the three numbers: prefill tokens/s, ns per output token, generation tokens/s. */
const cases: readonly (readonly [Partial<TimedRow>, number | null, number | null, number | null])[] = [
  [{}, 2000, 20_000_000, 50],
  [{ ttft_ns: null }, null, null, null],
  [{ ttft_ns: 0 }, null, 25_000_000, 40],
  [{ input_tokens: null }, null, 20_000_000, 50],
  [{ input_tokens: 0 }, null, 20_000_000, 50],
  [{ cache_read_tokens: 900 }, 200, 20_000_000, 50],
  [{ cache_read_tokens: 1000 }, null, 20_000_000, 50],
  [{ output_tokens: null }, 2000, null, null],
  [{ output_tokens: 0 }, 2000, null, null],
  [{ output_tokens: 1 }, 2000, null, null],
  [{ output_tokens: 2 }, 2000, 2_000_000_000, 0.5],
  [{ duration_ns: 500_000_000 }, 2000, null, null],
];
for (const [known, prefill, perTokenNs, generation] of cases) {
  test(JSON.stringify(known), () => {
    assert.equal(prefillTokensPerSecond(row(known)), prefill);
    assert.equal(timePerOutputTokenNs(row(known)), perTokenNs);
    assert.equal(generationTokensPerSecond(row(known)), generation);
  });
}
