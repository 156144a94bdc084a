import assert from "node:assert/strict";
import { test } from "node:test";
import { newLogRow, newSpanRow, projectId, type SpanRow, type TableName } from "@weir/model";
import fc from "fast-check";
import { BlockColumns } from "./block-columns.ts";
import { BlockJoiner } from "./block-joiner.ts";
import { readBlocks } from "./block-reader.ts";
import { createBlockWriter, type TableRows } from "./block-writer.ts";
import { plainBlock } from "./plain-block.ts";

const spans = new BlockJoiner("spans");
const row = newSpanRow(projectId("joined"), "rest", 5n);

function blockOf<Table extends TableName>(table: Table, rows: readonly TableRows[Table][]): Uint8Array {
  const writer = createBlockWriter(table);
  for (const each of rows) writer.append(each);
  return writer.finish().block;
}

const word = fc.oneof(
  fc.constantFrom("", "a", "gpt-4o", "chat"),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.nat(5000).map((length) => "x".repeat(length)),
);
const changes = fc.record(
  {
    name: word,
    request_model: word,
    trace_id: fc.constantFrom("0".repeat(32), "0123456789abcdef".repeat(2)),
    input: word,
    output_tokens: fc.option(fc.nat(1000)),
    duration_ns: fc.nat(),
    tags: fc.array(word, { maxLength: 3 }),
    attributes: fc.dictionary(word, word, { maxKeys: 5 }),
  },
  { requiredKeys: [] },
);
const block = fc.record({
  rows: fc.array(changes, { maxLength: 8 }),
  times: fc.constantFrom(1, 1, 50),
  isPlain: fc.boolean(),
});

test("joined blocks have the rows of all in their order, as if one writer had written them", () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 8 }), (drawn) => {
      const rows = drawn.map(({ rows, times }) =>
        Array.from({ length: times }, () => rows.map((change) => ({ ...row, ...change }))).flat(),
      );
      const blocks = rows.map((each, index) => {
        const written = blockOf("spans", each);
        return drawn[index]?.isPlain ? plainBlock("spans", written) : written;
      });
      const joined = spans.join(blocks);
      const whole = blockOf("spans", rows.flat());
      assert.deepEqual(readBlocks(joined, "spans"), readBlocks(whole, "spans"));
      assert.ok(plainBlock("spans", joined).equals(plainBlock("spans", whole)));
    }),
  );
});

test("a label that many small blocks have stands once in their joint block", () => {
  const blocks = Array.from({ length: 200 }, (_, index) =>
    blockOf("spans", [{ ...row, name: "chat gpt-4o", attributes: { "server.address": `host ${index}` } }]),
  );
  const joined = spans.join(blocks);
  assert.equal(joined.toString("latin1").split("chat gpt-4o").length, 2);
  assert.equal(joined.toString("latin1").split("server.address").length, 2);
});

test("more labels than fit a byte, and than fit two", () => {
  for (const count of [300, 70_000]) {
    const names = Array.from({ length: count }, (_, index) => `a name of its own, ${index % 66_000}`);
    const blocks = [names.slice(0, 100), names.slice(100)].map((each) =>
      blockOf(
        "spans",
        each.map((name): SpanRow => ({ ...row, name })),
      ),
    );
    const columns = new BlockColumns(spans.join(blocks), "spans", "name");
    const places = columns.textsOf("name");
    const joined = names.map((_, index) => columns.bytes.toString("utf8", places[index * 2], places[index * 2 + 1]));
    assert.deepEqual(joined, names);
  }
});

test("blocks of every table join", () => {
  const log = { ...newLogRow(projectId("joined"), 7n), body: "words", attributes: { key: "value" } };
  const other = { ...log, trace_id: "0123456789abcdef".repeat(2), severity_text: "INFO" };
  const blocks = [blockOf("logs", [log]), blockOf("logs", [other, log])];
  assert.deepEqual(
    readBlocks(new BlockJoiner("logs").join(blocks), "logs"),
    readBlocks(blockOf("logs", [log, other, log]), "logs"),
  );
});

test("bytes that are no block are an error, not a crash", () => {
  const good = blockOf("spans", [{ ...row, attributes: { key: "value" }, tags: ["a"] }]);
  for (let length = 2; length < good.length; length++)
    assert.throws(() => spans.join([good, good.subarray(0, length)]), RangeError);
  assert.throws(() => new BlockJoiner("logs").join([good]), RangeError);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const mutated = Uint8Array.from(good);
      mutated[at] = value;
      try {
        spans.join([good, mutated]);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
