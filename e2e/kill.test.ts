import assert from "node:assert/strict";
import { test } from "node:test";
import { killRun } from "./kill-run.ts";

/** Each process once, and together, at moments that a seed fixes; `node bench/kill.ts` goes on at random, under more load. */
const { WEIR_E2E_KILLS = "7", WEIR_E2E_SEED = "12", WEIR_E2E_RATE = "100" } = process.env;

test(`kill -9 loses nothing, doubles nothing, and calls go on (seed ${WEIR_E2E_SEED})`, async (context) => {
  const report = await killRun({
    kills: Number(WEIR_E2E_KILLS),
    seed: Number(WEIR_E2E_SEED),
    callsPerSecond: Number(WEIR_E2E_RATE),
    log: (line) => context.diagnostic(line),
    // Shorter than the second that passes before each blow at least: what is judged is never empty.
    margins: { recordedMs: 800, announcedMs: 800 },
  });
  const { sent, answered, recorded, interrupted, retried } = report;
  context.diagnostic(
    `sent ${sent}, answered ${answered}, recorded ${recorded}, interrupted ${interrupted}, retried ${retried}`,
  );
  assert.ok(answered > Number(WEIR_E2E_KILLS) * 20, `only ${answered} of ${sent} calls were answered`);
  assert.ok(interrupted > 0, "no call was under way at a kill");
  assert.deepEqual(report.lost, [], "lost");
  assert.deepEqual(report.doubled, [], "doubled");
  assert.deepEqual(report.forgotten, [], "under way at a kill, and without a row");
  assert.deepEqual(report.failedWithoutCause, [], "failed while the gateway was alive");
});
