import assert from "node:assert/strict";
import { test } from "node:test";
import { newLogRow, newMetricPointRow, newSpanRow, projectId, type SpanRow, type TableName } from "@weir/model";
import fc from "fast-check";
import { readLayoutOf } from "../blocks/block-layout.ts";
import { readBlocks } from "../blocks/block-reader.ts";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { rowsOf } from "../testing.ts";
import { redactionConfig } from "./config.ts";
import { columnsOfConcern, type RedactedBlock, redactBlock } from "./redact-block.ts";
import { redactRow, textsOfRow } from "./redact-row.ts";
import { Redaction } from "./redaction.ts";
import { Redactor } from "./redactor.ts";
import { everything, examples, secretsAlone } from "./testing/examples.ts";

const project = projectId("shop");
const key = (examples["openai_key"] ?? [])[1] ?? "";

function blockOf(rows: readonly SpanRow[]): Uint8Array {
  const writer = createBlockWriter("spans");
  for (const row of rows) writer.append(row);
  return writer.finish().block;
}

function rowWith(fields: Partial<SpanRow>): SpanRow {
  return Object.assign(newSpanRow(project, "gateway", 1_700_000_000_000_000_000n), fields);
}

/** As the step does it. */
function redact(table: TableName, block: Uint8Array, redactor: Redactor): RedactedBlock | undefined {
  const concerned = columnsOfConcern(readLayoutOf({ table, block }), redactor);
  return concerned.size === 0 ? undefined : redactBlock(table, block, concerned, () => redactor);
}

const spansOf = (block: Uint8Array) => rowsOf({ block, table: "spans" });

test("a block keeps everything but what was found, and says what that was", () => {
  const rows = [
    rowWith({ input: "plain", name: "chat", input_tokens: 5, tags: ["a", "b"], attributes: { x: "1" } }),
    rowWith({ input: `{"k":"${key}"}`, output: `${key} and ${key}`, duration_ns: 12, ttft_ns: 3 }),
    rowWith({ attributes: { token: key, y: "2" }, tags: ["t", key], user_id: `u ${key}`, error_message: key }),
    rowWith({ attributes: {} }),
  ];
  const redacted = redact("spans", blockOf(rows), secretsAlone);
  assert.ok(redacted !== undefined);
  assert.deepEqual([...redacted.found], [["openai_key", 7]]);
  const label = "[redacted:openai_key]";
  assert.deepEqual(spansOf(redacted.block), [
    rows[0],
    {
      ...rows[1],
      input: `{"k":"${label}"}`,
      output: `${label} and ${label}`,
      attributes: { "weir.redacted": "openai_key:3" },
    },
    {
      ...rows[2],
      attributes: { token: label, y: "2", "weir.redacted": "openai_key:4" },
      tags: ["t", label],
      user_id: `u ${label}`,
      error_message: label,
    },
    rows[3],
  ]);
});

test("logs and points of metrics are redacted too; a point's attributes stay a series", () => {
  const logs = createBlockWriter("logs");
  logs.append({ ...newLogRow(project, 5n), body: `key ${key}`, resource: { r: key } });
  const redactedLogs = redact("logs", logs.finish().block, secretsAlone);
  assert.ok(redactedLogs !== undefined);
  const [log] = readBlocks(redactedLogs.block, "logs");
  assert.equal(log?.["body"], "key [redacted:openai_key]");
  assert.deepEqual(log?.["resource"], { r: "[redacted:openai_key]" });
  assert.deepEqual(log?.["attributes"], { "weir.redacted": "openai_key:2" });
  const points = createBlockWriter("metric_points");
  points.append({ ...newMetricPointRow(project, "calls", "sum", 5n), attributes: { key } });
  const redactedPoints = redact("metric_points", points.finish().block, secretsAlone);
  assert.ok(redactedPoints !== undefined);
  assert.deepEqual(readBlocks(redactedPoints.block, "metric_points")[0]?.["attributes"], {
    key: "[redacted:openai_key]",
  });
});

test("each project has what it wants taken out", () => {
  const redaction = new Redaction(
    redactionConfig.parse({ projects: { bank: { personal: ["iban"] }, open: { secrets: false } } }),
  );
  const input = `GB33 BUKB 2020 1555 5555 55 and ${key}`;
  const rows = ["bank", "open", "other"].map((name) => ({ ...rowWith({ input }), project_id: projectId(name) }));
  const block = blockOf(rows);
  const redacted = redactBlock(
    "spans",
    block,
    redaction.columnsOfConcern(readLayoutOf({ table: "spans", block })),
    (name) => redaction.of(name),
  );
  assert.ok(redacted !== undefined);
  assert.deepEqual(
    spansOf(redacted.block).map((row) => row.input),
    ["[redacted:iban] and [redacted:openai_key]", input, "GB33 BUKB 2020 1555 5555 55 and [redacted:openai_key]"],
  );
});

test("an id stays what it is, be it the number of a card", () => {
  const row = rowWith({ span_id: "3646536878134128", input: "3646536878134128" });
  assert.deepEqual(redactRow(row, everything), {
    ...row,
    input: "[redacted:card_number]",
    attributes: { "weir.redacted": "card_number:1" },
  });
});

const secretTexts = Object.entries(examples)
  .filter(([name]) => secretsAlone.redactText((examples[name] ?? []).join(""), new Map()) !== undefined)
  .map(([, parts]) => parts.join(""));
const withPatterns = new Redactor({
  detectors: new Set(["email"]),
  patterns: [
    { name: "order", pattern: "ORD-\\d{4}" },
    { name: "either", pattern: "(?:left|right) hand" },
    { name: "anywhere", pattern: "z{3}|\\byy\\d" },
  ],
});
const text = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom("ORD-1234", '{"a":"\\u004fRD-1234"}', "the right hand", "azzz", "xyy1", "yy1"),
  },
  { weight: 3, arbitrary: fc.string({ maxLength: 150 }) },
  { weight: 1, arbitrary: fc.constantFrom(...secretTexts) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.string({ maxLength: 90 }), fc.constantFrom(...secretTexts)).map((two) => two.join(" ")),
  },
);
const anyRow = fc
  .record({
    input: text,
    output: text,
    name: text,
    error_message: text,
    user_id: text,
    tags: fc.array(text, { maxLength: 3 }),
    attributes: fc.dictionary(fc.string({ maxLength: 12 }), text, { maxKeys: 4 }),
  })
  .map((fields) => rowWith({ ...fields, attributes: Object.fromEntries(Object.entries(fields.attributes)) }));

test("a block comes out as its rows do", () => {
  const byDefault = new Redaction(redactionConfig.parse({}));
  const redactors = [secretsAlone, everything, withPatterns];
  fc.assert(
    fc.property(fc.array(anyRow, { minLength: 1, maxLength: 4 }), (given) => {
      const block = blockOf(given);
      // As a block has them: what is no UTF-8 was replaced.
      const rows = spansOf(block);
      for (const redactor of redactors) {
        const wanted = rows.map((row) => redactRow(row, redactor));
        assert.deepEqual(spansOf(redact("spans", block, redactor)?.block ?? block), wanted);
        if (redactor !== secretsAlone) continue;
        rows.forEach((row, index) => {
          if (wanted[index] !== row) assert.ok(byDefault.concerns(textsOfRow(row)));
        });
      }
    }),
    { numRuns: 300 },
  );
});
