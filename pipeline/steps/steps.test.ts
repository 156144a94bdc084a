import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventDefinition, newSpanRow, projectId, type SpanRow } from "@weir/model";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { Journal } from "../journal/contract.ts";
import { redactionConfig } from "../redaction/config.ts";
import { Redaction } from "../redaction/redaction.ts";
import { examples } from "../redaction/testing/examples.ts";
import { MemoryLog } from "../testing.ts";
import { RedactStep } from "./redact.ts";
import { SteppedJournal } from "./stepped-journal.ts";

const key = (examples["groq_key"] ?? [])[1] ?? "";

function open(): { journal: SteppedJournal; log: MemoryLog; counted: Record<string, unknown>[] } {
  const log = new MemoryLog();
  const counted: Record<string, unknown>[] = [];
  const telemetry = {
    emit: (event: EventDefinition, fields = {}, count = 1) =>
      counted.push({ counter: event.counter, ...fields, count }),
  };
  const step = new RedactStep(new Redaction(redactionConfig.parse({})), telemetry);
  return { journal: new SteppedJournal(log as unknown as Journal, [step]), log, counted };
}

function row(fields: Partial<SpanRow>): SpanRow {
  return Object.assign(newSpanRow(projectId("shop"), "gateway", 5n), fields);
}

test("a batch is written without its secrets, closes what it closes, and is counted", async () => {
  const { journal, log, counted } = open();
  const writer = createBlockWriter("spans");
  writer.append(row({ input: `use ${key}` }));
  await journal.consume(writer.finish([7]));
  assert.equal(log.rows[0]?.input, "use [redacted:groq_key]");
  assert.deepEqual(log.batches[0]?.closes, [7]);
  assert.deepEqual(counted, [{ counter: "redactions", detector: "groq_key", count: 1 }]);
});

test("a batch without secrets is handed on as it is", async () => {
  const { journal, log } = open();
  const writer = createBlockWriter("spans");
  writer.append(row({ input: "nothing of the kind" }));
  const batch = writer.finish();
  await journal.consume(batch);
  assert.equal(log.batches[0], batch);
});

test("an announced call is written without its secrets", async () => {
  const { journal, log } = open();
  await journal.announce([{ callNumber: 1, row: row({ attributes: { "metadata.key": key } }) }]);
  assert.deepEqual(log.announced[0]?.row.attributes, {
    "metadata.key": "[redacted:groq_key]",
    "weir.redacted": "groq_key:1",
  });
});

test("a batch that a step fails on is refused", async () => {
  const { journal, log } = open();
  const block = Buffer.from(`no block: ${key}`);
  await assert.rejects(journal.consume({ table: "spans", rowCount: 1, block }));
  assert.equal(log.batches.length, 0);
});
