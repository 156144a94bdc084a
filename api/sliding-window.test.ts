import assert from "node:assert/strict";
import { test } from "node:test";
import { SlidingWindow } from "./sliding-window.ts";

const minuteMs = 60_000;

function windowAt(limit: number) {
  const clock = { nowMs: 1000 };
  const window = new SlidingWindow(limit, minuteMs, () => clock.nowMs);
  const admitted = (times: number, who = "ana") =>
    Array.from({ length: times }, () => window.admit(who)).filter(({ isAdmitted }) => isAdmitted).length;
  return { clock, window, admitted };
}

test("so many are admitted, each asker by itself, and who is refused loses nothing", () => {
  const { window, admitted } = windowAt(3);
  assert.deepEqual(
    [1, 2, 3].map(() => window.admit("ana").remaining),
    [2, 1, 0],
  );
  assert.equal(admitted(10), 0);
  assert.equal(admitted(4, "bob"), 3);
});

test("a window's end does not double what may be asked", () => {
  const { clock, admitted } = windowAt(60);
  clock.nowMs += minuteMs - 1;
  assert.equal(admitted(1), 1, "the window begins with the first request");
  clock.nowMs += minuteMs - 1;
  assert.equal(admitted(100), 59);
  clock.nowMs += 2;
  assert.equal(admitted(100), 0);
  clock.nowMs += minuteMs / 2;
  assert.equal(admitted(100), 30);
  clock.nowMs += 2 * minuteMs;
  assert.equal(admitted(100), 60);
});

test("whoever waits as told is admitted, and not much earlier", () => {
  for (const limit of [1, 2, 7, 100]) {
    for (const asked of [limit, 1]) {
      const { clock, window, admitted } = windowAt(limit);
      admitted(asked);
      clock.nowMs += minuteMs * 1.25;
      admitted(limit);
      const { isAdmitted, waitMs } = window.admit("ana");
      assert.equal(isAdmitted, false);
      clock.nowMs += waitMs - 5;
      assert.equal(window.admit("ana").isAdmitted, false, `${limit} after ${asked}: early`);
      clock.nowMs += 6;
      assert.equal(window.admit("ana").isAdmitted, true, `${limit} after ${asked}: in time`);
    }
  }
});

test("askers without measure take bounded memory", () => {
  const { window } = windowAt(1);
  for (let asker = 0; asker < 60_000; asker++) window.admit(`asker ${asker}`);
  assert.equal(window.admit("asker 59999").isAdmitted, false);
  assert.equal(window.admit("asker 0").isAdmitted, true, "forgotten");
});
