import assert from "node:assert/strict";
import { test } from "node:test";
import { timeWindows } from "./time-windows.ts";

const hour = 3_600_000_000_000n;
const sizes = { firstNano: hour, growth: 24n };
const month = { fromUnixNano: 0n, toUnixNano: 720n * hour };
const hours = (windows: ReturnType<typeof timeWindows>) =>
  windows.map(({ fromUnixNano, toUnixNano }) => [
    Number(fromUnixNano) / Number(hour),
    Number(toUnixNano) / Number(hour),
  ]);

for (const [name, windows, wanted] of [
  [
    "the newest first",
    timeWindows(month, "newest", sizes, undefined),
    [
      [719, 720],
      [695, 719],
      [0, 695],
    ],
  ],
  [
    "the oldest first",
    timeWindows(month, "oldest", sizes, undefined),
    [
      [0, 1],
      [1, 25],
      [25, 720],
    ],
  ],
  ["short ranges whole", timeWindows({ fromUnixNano: 0n, toUnixNano: hour }, "newest", sizes, undefined), [[0, 1]]],
  ["nothing", timeWindows({ fromUnixNano: hour, toUnixNano: hour }, "newest", sizes, undefined), []],
  [
    "up to the cursor, it included",
    timeWindows(month, "newest", sizes, 2n * hour - 1n),
    [
      [1, 2],
      [0, 1],
    ],
  ],
  ["from the cursor on", timeWindows(month, "oldest", sizes, 719n * hour), [[719, 720]]],
] as const)
  test(`windows: ${name}`, () => assert.deepEqual(hours(windows), wanted));
