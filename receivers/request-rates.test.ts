import assert from "node:assert/strict";
import { test } from "node:test";
import type { CodedError } from "@weir/model";
import { RequestRates } from "./request-rates.ts";

/** 60 a minute: one token a second. Each step is when somebody asks, and whether they may or how long they wait. */
for (const [name, steps] of [
  [
    "a burst of a minute's worth, then one a second",
    [
      [0, 60, "may"],
      [0, 1, 1000],
      [400, 1, 600],
      [1000, 1, "may"],
    ],
  ],
  [
    "what is refused costs nothing",
    [
      [0, 60, "may"],
      [0, 50, 1000],
      [1000, 1, "may"],
      [1000, 1, 1000],
    ],
  ],
  [
    "a pause gives back no more than a minute's worth",
    [
      [0, 60, "may"],
      [600_000, 60, "may"],
      [600_000, 1, 1000],
    ],
  ],
] as const) {
  test(name, () => {
    let nowMs = 0;
    const rates = new RequestRates(60, () => nowMs);
    for (const [atMs, times, outcome] of steps) {
      nowMs = atMs;
      for (let count = 0; count < times; count += 1) assert.equal(ask(rates, "a"), outcome);
    }
  });
}

test("one does not hold up another", () => {
  const rates = new RequestRates(1, () => 0);
  assert.deepEqual([ask(rates, "a"), ask(rates, "a"), ask(rates, "b")], ["may", 60_000, "may"]);
});

test("a crowd of addresses takes bounded memory, and who asks on is not forgotten", () => {
  const rates = new RequestRates(1, () => 0);
  ask(rates, "steady");
  for (let number = 0; number < 120_000; number += 1) {
    ask(rates, `address ${number}`);
    if (number % 10_000 === 0) assert.equal(ask(rates, "steady"), 60_000);
  }
  assert.equal(ask(rates, "address 0"), "may");
});

function ask(rates: RequestRates, who: string): "may" | number | undefined {
  try {
    rates.admit(who, "This address");
    return "may";
  } catch (error) {
    assert.equal((error as CodedError).code, "RATE_LIMITED");
    return (error as CodedError).retryAfterMs;
  }
}
