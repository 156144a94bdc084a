import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProjectId, type LogRow, noSpanId, noTraceId } from "@weir/model";
import type { LogRecord } from "@weir/otlp";
import { contentFromLogRow, logRow } from "./log-row.ts";

const plain: LogRecord = {
  timeUnixNano: 5n,
  observedTimeUnixNano: 6n,
  severityNumber: 9,
  severityText: "INFO",
  body: "hello",
  attributes: {},
  flags: 1,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "00f067aa0ba902b7",
  eventName: "",
  scope: { name: "lib", version: "1", attributes: {} },
  resource: { "service.name": "shop", "deployment.environment.name": "prod" },
};
const rowOf = (changes: Partial<LogRecord>): LogRow =>
  logRow({ ...plain, ...changes }, { projectId: defaultProjectId }, { timeUnixNano: 77n, sequence: 3 });

for (const [name, changes, wanted] of [
  [
    "what it says",
    {},
    {
      time: 5n,
      observed_time: 6n,
      sequence: 3,
      severity_number: 9,
      body: "hello",
      body_format: "text",
      trace_flags: 1,
    },
  ],
  ["its sender", {}, { service_name: "shop", environment: "prod", scope_name: "lib", scope_version: "1" }],
  ["the observed time where there is no other", { timeUnixNano: 0n }, { time: 6n }],
  ["the time of arrival at last", { timeUnixNano: 0n, observedTimeUnixNano: 0n }, { time: 77n, observed_time: 77n }],
  [
    "no ids where they are none",
    { traceId: "0".repeat(32), spanId: "xyz" },
    { trace_id: noTraceId, span_id: noSpanId },
  ],
  [
    "a structured body as JSON",
    { body: { a: [1, 2n ** 60n] } },
    { body: '{"a":[1,"1152921504606846976"]}', body_format: "json" },
  ],
  ["an empty body", { body: null }, { body: "", body_format: "text" }],
  [
    "the old place of an event's name",
    { attributes: { "event.name": "gen_ai.choice" } },
    { event_name: "gen_ai.choice" },
  ],
  ["a severity that exists", { severityNumber: 99 }, { severity_number: 24 }],
] as const satisfies [string, Partial<LogRecord>, Partial<LogRow>][]) {
  test(`a record's row has ${name}`, () => {
    const row = rowOf(changes);
    assert.deepEqual({ ...row, ...wanted }, row);
  });
}

test("content is read back from a stored record as from the record itself", () => {
  const row = rowOf({ eventName: "gen_ai.user.message", body: { content: "hi" } });
  assert.deepEqual(contentFromLogRow({ ...row, body: String(row.body) }), { message: { role: "user", content: "hi" } });
  const text = rowOf({ body: "plain" });
  assert.equal(contentFromLogRow({ ...text, body: "plain" }), undefined);
});
