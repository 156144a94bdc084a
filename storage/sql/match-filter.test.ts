import assert from "node:assert/strict";
import { test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { type Filter, type FilterRow, matcherOf, parseFilter, unmatchableFields } from "@weir/query";
import { filters } from "@weir/query/testing";
import fc from "fast-check";
import { startTestStore } from "../testing.ts";
import { Bindings } from "./bindings.ts";
import { compileFilter } from "./compile-filter.ts";
import { insertSpans } from "./testing.ts";

/** What is decided in memory, before a row is written, is what storage would decide of it. */

const { store } = await startTestStore();
const project = projectId("mine");

function cycle<Value>(values: readonly Value[], index: number): Value {
  return values[index % values.length] as Value;
}

const rows: SpanRow[] = Array.from({ length: 60 }, (_, index) =>
  Object.assign(newSpanRow(project, "gateway", 1_700_000_000_000_000_000n + BigInt(index)), {
    retention_days: 3650,
    name: `row-${index}`,
    kind: cycle(["llm", "http", "tool"], index),
    status: cycle(["ok", "error", "cut"], index >> 1),
    request_model: cycle(["gpt-4o", "gpt-4o-mini", "a*b", "", "ÉTÉ"], index),
    response_model: cycle(["", "gpt-4o-2026", "Claude"], index),
    provider: cycle(["openai", "groq", "x"], index >> 2),
    http_status: cycle([null, 200, 404, 5], index),
    duration_ns: cycle([0, 5, 2_000_000_000, 2_500_000_000], index),
    cost_nano_usd: cycle([null, 0, 10_000_000, 5], index),
    input_tokens: cycle([null, 5, 1000], index),
    output_tokens: cycle([null, 7], index),
    ttft_ns: cycle([null, 300_000_000], index),
    is_stream: cycle([0, 1], index),
    user_id: cycle(["", "0", "u1"], index),
    tags: cycle([[], ["a b"], ["x", "and"]], index),
    attributes: cycle<Record<string, string>>(
      [{}, { n: "5", "customer.tier": "gold" }, { n: "-1.5e2", "sp ace": "a*b" }, { n: "x5" }],
      index,
    ),
  }),
);

class PlainRow implements FilterRow {
  readonly #row: Record<string, unknown>;

  constructor(row: SpanRow) {
    this.#row = row;
  }

  text(field: string): string {
    return String(this.#row[field]);
  }

  number(field: string): number | null {
    return this.#row[field] as number | null;
  }

  texts(field: string): readonly string[] {
    return this.#row[field] as readonly string[];
  }

  time(field: string): bigint {
    return this.#row[field] as bigint;
  }

  attribute(key: string): string {
    return (this.#row["attributes"] as Record<string, string>)[key] ?? "";
  }
}

await insertSpans(store, rows);

async function storedMatches(conditions: readonly Filter[]): Promise<string[][]> {
  const bindings = new Bindings(project);
  const columns = conditions.map(
    (filter, index) => `groupArrayIf(name, ${compileFilter(bindings, filter)}) AS f${index}`,
  );
  const [found] = await store.query<Record<string, string[]>>(
    `SELECT ${columns.join(", ")} FROM spans WHERE ${bindings.tenant}`,
    bindings.params,
  );
  return conditions.map((_, index) => (found?.[`f${index}`] ?? []).sort());
}

function ownMatches(filter: Filter): string[] {
  const matches = matcherOf(filter);
  return rows
    .filter((row) => matches(new PlainRow(row)))
    .map(({ name }) => name)
    .sort();
}

test("conditions that people write", async () => {
  const texts = [
    "status:error",
    "NOT status:error",
    "model:gpt-4o",
    "model:gpt*",
    "request_model:*4O*",
    "request_model:a\\*b",
    "duration>=2s",
    "latency:1s..3s",
    "cost>0.001",
    "NOT cost>0.001",
    "tokens>=1000",
    "http_status:(404,200)",
    "stream:true",
    "user:*",
    "NOT user:*",
    "tag:x",
    "tag:*b",
    "@n:5",
    "@n>=-200",
    "@customer.tier:g*d",
    "@n:*",
    "time>=2023-11-14",
    "parent:*",
    "kind:llm (status:ok OR @n:5) NOT provider:groq",
  ];
  const parsed = texts.map((text) => parseFilter(text));
  const stored = await storedMatches(parsed);
  for (const [index, text] of texts.entries()) {
    assert.deepEqual(ownMatches(parsed[index] as Filter), stored[index], text);
  }
});

test("any condition", async () => {
  const conditions = fc.sample(filters, 400).filter((filter) => unmatchableFields(filter).length === 0);
  for (let start = 0; start < conditions.length; start += 20) {
    const some = conditions.slice(start, start + 20);
    const stored = await storedMatches(some);
    for (const [index, filter] of some.entries()) {
      assert.deepEqual(ownMatches(filter), stored[index], JSON.stringify(filter));
    }
  }
});
