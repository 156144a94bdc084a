import assert from "node:assert/strict";
import { test } from "node:test";
import { heldClass, newSpanRow, newTraceId, projectId, ruleClass, type SpanRow, silentTelemetry } from "@weir/model";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { recordingConfig } from "../rules/config.ts";
import { isSampled } from "../rules/sampling.ts";
import { rowsOf } from "../testing.ts";
import { ApplyRulesStep } from "./apply-rules.ts";

function row(fields: Partial<SpanRow>): SpanRow {
  return Object.assign(newSpanRow(projectId("shop"), "gateway", 1_700_000_000_000_000_000n), {
    kind: "llm",
    ...fields,
  });
}

/** What the rules leave of the rows. */
function recorded(rules: readonly unknown[], rows: readonly SpanRow[]): SpanRow[] {
  const writer = createBlockWriter("spans");
  for (const one of rows) writer.append(one);
  const step = new ApplyRulesStep(recordingConfig.parse({ rules }).rules, silentTelemetry);
  const batch = step.onBatch(writer.finish([4]));
  assert.deepEqual(batch.closes, [4]);
  const left = rowsOf(batch);
  assert.equal(left.length, batch.rowCount);
  return left;
}

const rows = [
  row({
    name: "a",
    request_model: "gpt-4o",
    duration_ns: 3e9,
    cost_nano_usd: 20_000_000,
    http_route: "POST /v1/chat/completions",
  }),
  row({ name: "b", request_model: "gpt-4o", response_model: "gpt-4o-2026", status: "error", tags: ["x", "y"] }),
  row({ name: "c", provider: "groq", attributes: { team: "blue", "metadata.tier": "3" }, input: "é", ttft_ns: 7 }),
  row({ name: "d", kind: "http", http_route: "GET /v1/models", http_status: 404 }),
  { ...row({ name: "e", attributes: {} }), project_id: projectId("lab") },
];

for (const [rule, left] of [
  [{ when: "model:gpt-4o", record: false }, "bcde"],
  [{ when: "model:gpt-4o*", record: false }, "cde"],
  [{ when: "status:error", record: false }, "acde"],
  [{ when: "latency>2s", record: false }, "bcde"],
  [{ when: "cost>=0.02", record: false }, "bcde"],
  [{ when: "provider:groq", record: false }, "abde"],
  [{ when: '@team:"blue" @metadata.tier>2', record: false }, "abde"],
  [{ when: "kind:http http_status:404", record: false }, "abce"],
  [{ when: "route:*/v1/models", record: false }, "abce"],
  [{ when: "tag:y", record: false }, "acde"],
  [{ when: "NOT status:error", record: false }, "b"],
  [{ projects: ["lab"], record: false }, "abcd"],
  [{ record: false }, ""],
  [{ sample: 0 }, ""],
  [{ sample: 1 }, "abcde"],
] as const) {
  test(`${JSON.stringify(rule)} leaves ${left || "nothing"}`, () => {
    const kept = recorded([rule], rows);
    assert.deepEqual(
      kept,
      rows.filter(({ name }) => left.includes(name)),
    );
  });
}

test("the first rule that fits decides", () => {
  const kept = recorded([{ when: "status:error" }, { when: "model:gpt-4o*", record: false }], rows);
  assert.deepEqual(
    kept.map(({ name }) => name),
    ["b", "c", "d", "e"],
  );
});

test("without content a row keeps all else", () => {
  const [left] = recorded(
    [{ content: false, retentionDays: 7 }],
    [row({ input: "ask", output: "say", content_format: "text" })],
  );
  assert.deepEqual(
    [left?.input, left?.output, left?.content_format, left?.content_state, left?.retention_days, left?.kind],
    ["", "", "", "off", ruleClass + 7, "llm"],
  );
});

test("what a rule does not sample is held in a class of its own where it says so, and dropped where it does not", () => {
  const held = recorded([{ sample: 0, tail: true }], rows);
  assert.deepEqual(
    held.map(({ name, retention_days }) => [name, retention_days]),
    rows.map(({ name }) => [name, heldClass + 90]),
  );
  const [short] = recorded([{ sample: 0, tail: true, retentionDays: 7, content: false }], [row({ input: "ask" })]);
  assert.deepEqual([short?.retention_days, short?.input], [heldClass + ruleClass + 7, ""]);
  assert.deepEqual(recorded([{ record: false, tail: true }], rows), []);
  assert.deepEqual(
    recorded([{ sample: 1, tail: true }], rows).map(({ retention_days }) => retention_days),
    rows.map(() => 90),
  );
});

test("a trace is sampled as a whole, at the rate asked for, and a smaller share is part of a larger one", () => {
  const ids: string[] = Array.from({ length: 20_000 }, () => newTraceId());
  const counted: string[] = Array.from({ length: 20_000 }, (_, index) => index.toString(16).padStart(32, "0"));
  for (const set of [ids, counted]) {
    const tenth = set.filter((id) => isSampled(id, 0.1));
    assert.ok(Math.abs(tenth.length / set.length - 0.1) < 0.02, `${tenth.length}`);
    assert.ok(tenth.every((id) => isSampled(id, 0.3)));
  }
});
