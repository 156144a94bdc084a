import assert from "node:assert/strict";
import { test } from "node:test";
import {
  exactUsd,
  formatBytes,
  formatCount,
  formatDelta,
  formatDuration,
  formatPercent,
  formatRelative,
  formatTokenRate,
  formatUsd,
  plural,
  shortId,
} from "./format.ts";

function cases<Input>(name: string, format: (input: Input) => string, table: readonly (readonly [Input, string])[]) {
  for (const [input, want] of table)
    test(`${name}: ${String(input)} → ${want}`, () => assert.equal(format(input), want));
}

cases("duration", formatDuration, [
  [0, "0 ms"],
  [420, "420 ns"],
  [840_000, "840 µs"],
  [999_600, "1 ms"],
  [1_500_000, "1.5 ms"],
  [12_000_000, "12 ms"],
  [999_600_000, "1.00 s"],
  [1_240_000_000, "1.24 s"],
  [12_400_000_000, "12.4 s"],
  [59_960_000_000, "1 m 00 s"],
  [123_000_000_000, "2 m 03 s"],
  [3_900_000_000_000, "1 h 05 m"],
]);

cases("money", formatUsd, [
  [0, "$0"],
  [1, "$0.000000001"],
  [420_000, "$0.00042"],
  [12_300_000, "$0.012"],
  [100_000_000, "$0.10"],
  [500_000_000, "$0.50"],
  [12_300_000_000, "$12.30"],
  [4_200_000_000_000, "$4.2k"],
  [-2_000_000, "−$0.002"],
]);

cases("exact money", exactUsd, [
  [0, "$0.00"],
  [423_150, "$0.00042315"],
  [12_300_000_000, "$12.30"],
  [-1, "−$0.000000001"],
]);

cases("count", formatCount, [
  [0, "0"],
  [842, "842"],
  [12_345, "12.3k"],
  [999_999, "1M"],
  [4_200_000, "4.2M"],
]);

cases("percent", formatPercent, [
  [0, "0 %"],
  [0.00001, "< 0.01 %"],
  [0.0042, "0.42 %"],
  [0.123, "12.3 %"],
  [1, "100 %"],
]);

cases("bytes", formatBytes, [
  [0, "0 B"],
  [812, "812 B"],
  [4_200, "4.2 kB"],
  [1_300_000, "1.3 MB"],
]);

cases("token rate", formatTokenRate, [
  [3.216, "3.22 tok/s"],
  [84.21, "84.2 tok/s"],
  [12_300, "12.3k tok/s"],
]);

const now = Date.parse("2026-11-21T04:00:00Z");
cases("relative", (time: string) => formatRelative(time, now), [
  ["2026-11-21T03:59:59.5Z", "now"],
  ["2026-11-21T03:59:18Z", "42 s ago"],
  ["2026-11-21T03:55:00Z", "5 m ago"],
  ["2026-11-21T01:00:00Z", "3 h ago"],
  ["2026-11-19T04:00:00Z", "2 d ago"],
  ["2026-09-01T12:00:00Z", "1 Sept 2026"],
  ["2026-11-21T04:01:00Z", "in 1 m"],
]);

for (const [value, previous, better, want] of [
  [110, 100, "more", { text: "+10 %", tone: "good" }],
  [110, 100, "less", { text: "+10 %", tone: "bad" }],
  [90.5, 100, "less", { text: "−9.5 %", tone: "good" }],
  [101, 100, "less", { text: "+1 %", tone: "neutral" }],
  [150, 100, "neither", { text: "+50 %", tone: "neutral" }],
  [2000, 100, "less", { text: "×20", tone: "bad" }],
  [5, 5, "less", { text: "±0 %", tone: "neutral" }],
  [5, 0, "less", undefined],
  [null, 3, "less", undefined],
] as const) {
  test(`delta of ${value} against ${previous}, better ${better}`, () =>
    assert.deepEqual(formatDelta(value, previous, better), want));
}

test("plural and short ids", () => {
  assert.equal(plural(1, "call"), "1 call");
  assert.equal(plural(1200, "call"), "1,200 calls");
  assert.equal(shortId("4bf92f3577b34da6a3ce929d0e0e4736"), "4bf92f35…0e4736");
  assert.equal(shortId("00f067aa0ba902b7"), "00f067aa0ba902b7");
});
