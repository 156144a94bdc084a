import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventDefinition, EventFields } from "@weir/model";
import { Delivery } from "./delivery.ts";
import type { SendResult } from "./otlp/transport.ts";

const taken: SendResult = { outcome: "accepted", rejectedCount: 0, reason: "" };
const busy: SendResult = { outcome: "retryable", reason: "HTTP 503" };
const wrong: SendResult = { outcome: "refused", reason: "HTTP 400" };

/** Delivers ten items to a destination that gives these answers in turn, the last one for ever. */
async function deliver(answers: readonly SendResult[], more: { retryForMs?: number; isStopping?: boolean } = {}) {
  const counts: Record<string, number> = {};
  const lines: string[] = [];
  let sent = 0;
  const delivery = new Delivery({
    destination: "d",
    transport: {
      async send() {
        return answers[Math.min(sent++, answers.length - 1)] as SendResult;
      },
      async [Symbol.asyncDispose]() {},
    },
    telemetry: {
      emit(event: EventDefinition, fields: EventFields = {}, count = 1) {
        const reason = fields["reason"] === undefined ? "" : ` ${fields["reason"]}`;
        if (event.counter === undefined) lines.push(event.level + reason);
        else counts[event.counter + reason] = (counts[event.counter + reason] ?? 0) + count;
      },
    },
    retryForMs: more.retryForMs ?? 60_000,
    stopping: more.isStopping ? AbortSignal.abort() : new AbortController().signal,
    random: () => 0,
    firstPauseMs: 0.1,
  });
  await delivery.deliver("traces", Buffer.from("x"), 10);
  return { counts, lines, sent };
}

for (const [name, answers, more, wanted] of [
  ["taken at once", [taken], {}, { export_items: 10 }],
  ["taken at the third try", [busy, busy, taken], {}, { export_items: 10, export_retries: 2 }],
  ["refused: not sent again", [wrong, taken], {}, { "export_items_dropped refused": 10 }],
  [
    "taken in part",
    [{ outcome: "accepted", rejectedCount: 3, reason: "no ids" }],
    {},
    { export_items: 7, "export_items_dropped rejected": 3 },
  ],
  ["given up in the end", [busy], { retryForMs: 0 }, { "export_items_dropped expired": 10 }],
  ["a stop ends trying", [busy], { isStopping: true }, { "export_items_dropped stopped": 10 }],
] as const) {
  test(name, async () => assert.deepEqual((await deliver(answers, more)).counts, wanted));
}

test("one line when it fails and one when it is back", async () => {
  assert.deepEqual((await deliver([busy, busy, busy, taken])).lines, ["warn HTTP 503", "info"]);
});

test("the pause that a destination asks for is kept", async () => {
  const { counts, sent } = await deliver([{ ...busy, retryAfterMs: 5000 }, taken], { retryForMs: 1000 });
  assert.equal(sent, 1);
  assert.deepEqual(counts, { "export_items_dropped expired": 10 });
});
