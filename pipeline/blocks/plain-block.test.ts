import assert from "node:assert/strict";
import { test } from "node:test";
import { newLogRow, newSpanRow, projectId, type SpanRow } from "@weir/model";
import fc from "fast-check";
import { layoutOf } from "./block-layout.ts";
import { readBlocks } from "./block-reader.ts";
import { createBlockWriter } from "./block-writer.ts";
import { plainBlock } from "./plain-block.ts";

const row = newSpanRow(projectId("plain"), "rest", 5n);

function blockOf(rows: readonly SpanRow[]): Uint8Array {
  const writer = createBlockWriter("spans");
  for (const each of rows) writer.append(each);
  return writer.finish().block;
}

const word = fc.oneof(fc.constantFrom("", "a", "gpt-4o", "chat"), fc.string({ unit: "grapheme", maxLength: 200 }));
const anyRow = fc.record({
  name: word,
  request_model: word,
  input: word,
  output_tokens: fc.option(fc.nat(1000)),
  tags: fc.array(word, { maxLength: 3 }),
  attributes: fc.dictionary(word, word, { maxKeys: 5 }),
});

test("a plain block has the same rows, every column, and no dictionary", () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 40 }), (changes) => {
      const block = blockOf(changes.map((change) => ({ ...row, ...change })));
      const plain = plainBlock("spans", block);
      assert.deepEqual(readBlocks(plain, "spans"), readBlocks(block, "spans"));
      assert.deepEqual(plainBlock("spans", plain), plain);
      assert.equal(plain.includes("LowCardinality"), false);
      const { columns, rowCount } = layoutOf("spans", block);
      assert.equal(rowCount, changes.length);
      assert.deepEqual(
        columns.map(({ name }) => name),
        layoutOf("spans", blockOf([])).columns.map(({ name }) => name),
      );
    }),
  );
});

test("a hundred rows of few words come in dictionaries, and leave them", () => {
  const writer = createBlockWriter("logs");
  for (let index = 0; index < 100; index++) {
    const attributes = { "server.address": "a", "server.port": String(index) };
    writer.append({ ...newLogRow(projectId("plain"), BigInt(index)), severity_text: "INFO", attributes });
  }
  const { block } = writer.finish();
  assert.ok(Buffer.from(block).includes("LowCardinality"));
  const plain = plainBlock("logs", block);
  assert.equal(plain.includes("LowCardinality"), false);
  assert.deepEqual(readBlocks(plain, "logs"), readBlocks(block, "logs"));
});

test("bytes that are no block are an error, not a crash", () => {
  const block = blockOf(Array.from({ length: 20 }, () => ({ ...row, attributes: { key: "value" } })));
  fc.assert(
    fc.property(fc.nat(block.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
      const changed = isCut
        ? block.subarray(0, at)
        : Uint8Array.from(block, (old, index) => (index === at ? byte : old));
      try {
        plainBlock("spans", changed);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
  );
});
