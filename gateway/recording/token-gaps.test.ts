import assert from "node:assert/strict";
import { test } from "node:test";
import { readStreamRhythm } from "@weir/model";
import { TokenGaps } from "./token-gaps.ts";

function gapsOf(arrivalsMs: readonly number[]): TokenGaps {
  const gaps = new TokenGaps();
  for (const arrivalMs of arrivalsMs) gaps.add(arrivalMs);
  return gaps;
}

test("one chunk has no gaps and no rhythm", () => {
  const gaps = gapsOf([10]);
  assert.deepEqual(gaps.summary(), { p50: null, p95: null, max: null });
  assert.equal(gaps.rhythm(), "");
});

test("median, 95th percentile by nearest rank, and the longest stall", () => {
  const arrivals = [0];
  for (let gap = 1; gap <= 100; gap++) arrivals.push((arrivals.at(-1) ?? 0) + gap);
  assert.deepEqual(gapsOf(arrivals).summary(), { p50: 50_000_000, p95: 95_000_000, max: 100_000_000 });
});

test("a short stream keeps each of its gaps", () => {
  assert.equal(gapsOf([100, 120, 150, 150, 400.5]).rhythm(), "1:200,300,0,2505");
});

for (const chunkCount of [256, 257, 258, 400, 511, 512, 513, 1000, 5000]) {
  test(`a stream of ${chunkCount} chunks keeps a bounded rhythm of its whole time`, () => {
    const arrivals = Array.from({ length: chunkCount }, (_, index) => 50 + index * 7);
    const rhythm = readStreamRhythm(gapsOf(arrivals).rhythm());
    assert.ok(rhythm !== undefined && rhythm.gapsMs.length <= 256);
    const whole = rhythm.gapsMs.slice(0, -1);
    assert.ok(whole.every((gapMs) => gapMs === 7 * rhythm.chunksPerGap));
    assert.equal(Math.round(rhythm.gapsMs.reduce((sum, gapMs) => sum + gapMs, 0)), 7 * (chunkCount - 1));
  });
}

test("a stall in a long stream stays visible", () => {
  const arrivals = Array.from({ length: 4000 }, (_, index) => index * 10 + (index >= 3000 ? 8000 : 0));
  const rhythm = readStreamRhythm(gapsOf(arrivals).rhythm());
  assert.ok(Math.max(...(rhythm?.gapsMs ?? [])) >= 8000);
});
