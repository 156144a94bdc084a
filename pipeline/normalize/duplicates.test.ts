import assert from "node:assert/strict";
import { test } from "node:test";
import { projectId } from "@weir/model";
import type { Attributes } from "@weir/otlp";
import { normalizeSpans } from "./normalize-spans.ts";
import { spanWith } from "./testing/span-with.ts";

const chat = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o" };
const used = { "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100 };
const id = (number: number) => String(number).padStart(16, "0");
const said = { "gen_ai.output.messages": '[{"role":"assistant","content":"Hello"}]' };

/** Spans 1, 2, 3 … as parent (0: none) and attributes → their kinds. */
const cases: readonly (readonly [string, readonly (readonly [number, Attributes])[], readonly string[]])[] = [
  ["one call", [[0, { ...chat, ...used }]], ["llm"]],
  [
    "two calls",
    [
      [0, { ...chat, ...used }],
      [0, { ...chat, ...used }],
    ],
    ["llm", "llm"],
  ],
  [
    "an SDK's span below an instrumentation's: the one with content",
    [
      [0, { ...chat, ...used, ...said }],
      [1, { ...chat, ...used }],
    ],
    ["llm", "chain"],
  ],
  [
    "both alike: the inner one",
    [
      [0, { ...chat, ...used }],
      [1, { ...chat, ...used }],
    ],
    ["chain", "llm"],
  ],
  [
    "only one knows its usage",
    [
      [0, { ...chat, ...used }],
      [1, { ...chat, ...said }],
    ],
    ["llm", "chain"],
  ],
  [
    "a wrapper of several calls",
    [
      [0, { ...chat, ...used, ...said }],
      [1, { ...chat, ...used }],
      [1, { ...chat, ...used }],
    ],
    ["chain", "llm", "llm"],
  ],
  [
    "three deep",
    [
      [0, chat],
      [1, chat],
      [2, { ...chat, ...used }],
    ],
    ["chain", "chain", "llm"],
  ],
  [
    "one answer, two instrumentations",
    [
      [0, { ...chat, ...used, "gen_ai.response.id": "a" }],
      [0, { ...chat, ...used, ...said, "gen_ai.response.id": "a" }],
    ],
    ["chain", "llm"],
  ],
  [
    "another answer",
    [
      [0, { ...chat, ...used, "gen_ai.response.id": "a" }],
      [0, { ...chat, ...used, "gen_ai.response.id": "b" }],
    ],
    ["llm", "llm"],
  ],
  [
    "a tool that calls a model within a call's agent",
    [
      [0, { "gen_ai.operation.name": "invoke_agent" }],
      [1, { ...chat, ...used }],
      [1, { "gen_ai.operation.name": "execute_tool" }],
      [3, { ...chat, ...used }],
    ],
    ["agent", "llm", "tool", "llm"],
  ],
  [
    "an embedding below a call",
    [
      [0, { ...chat, ...used }],
      [1, { "gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e" }],
    ],
    ["llm", "embedding"],
  ],
];
for (const [what, spans, kinds] of cases) {
  test(what, () => {
    const rows = normalizeSpans(
      spans.map(([parent, attributes], index) =>
        spanWith(attributes, { spanId: id(index + 1), parentSpanId: parent === 0 ? "" : id(parent) }),
      ),
      { projectId: projectId("tests") },
    );
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      kinds,
    );
    for (const row of rows) {
      const call = row.attributes["weir.duplicate_of"];
      if (call === undefined) continue;
      assert.notEqual(rows.find(({ span_id }) => span_id === call)?.kind, "chain");
      assert.deepEqual(
        [row.input_tokens, row.cost_nano_usd, row.price_source, row.usage_source],
        [null, null, "", "none"],
      );
      assert.equal(row.attributes["weir.duplicate_kind"], "llm");
    }
  });
}

test("the same answer in another trace is another call", () => {
  const attributes = { ...chat, ...used, "gen_ai.response.id": "a" };
  const rows = normalizeSpans([spanWith(attributes), spanWith(attributes, { traceId: "1".repeat(32) })], {
    projectId: projectId("tests"),
  });
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ["llm", "llm"],
  );
});
