import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type Column,
  defaultProjectId,
  type LogRow,
  type MetricPointRow,
  newLogRow,
  newMetricPointRow,
  newSpanRow,
  type SpanRow,
  type TableName,
  tableColumns,
} from "@weir/model";
import fc from "fast-check";
import { rowsOf } from "../testing.ts";
import { collectFirstColumn, readBlocks } from "./block-reader.ts";
import { createBlockWriter } from "./block-writer.ts";

const plainRow = newSpanRow(defaultProjectId, "rest", 1_700_000_000_123_456_789n);

/** The one row that comes back. */
function roundTrip(row: SpanRow): SpanRow {
  const writer = createBlockWriter("spans");
  writer.append(row);
  const [back] = rowsOf(writer.finish());
  assert.ok(back !== undefined);
  return back;
}

const lengths = [0, 1, 24, 25, 42, 43, 127, 128, 1365, 4096, 4097, 16383, 16384, 70_000];
for (const letter of ["a", "é", "€", "😀"]) {
  for (const length of lengths) {
    test(`a text of ${length} times ${letter} comes back`, () => {
      const input = letter.repeat(length);
      const row = roundTrip({
        ...plainRow,
        input,
        output: Buffer.from(input),
        tags: [input],
        attributes: { [input]: input },
      });
      assert.deepEqual([row.input, row.output, row.tags, row.attributes], [input, input, [input], { [input]: input }]);
    });
  }
}

for (const [field, given, stored] of [
  ["http_status", 70_000, 65_535],
  ["http_status", -1, 0],
  ["input_tokens", 0xffff_ffff, 0xffff_ffff],
  ["input_tokens", 2 ** 40, 0xffff_ffff],
  ["input_tokens", Number.NaN, 0],
  ["duration_ns", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ["duration_ns", -5, 0],
  ["ttft_ns", 2 ** 32, 2 ** 32],
  ["ttft_ns", null, null],
  ["cost_nano_usd", -(2 ** 40) - 1, -(2 ** 40) - 1],
  ["cost_nano_usd", -1, -1],
  ["cost_nano_usd", 0, 0],
  ["is_stream", 300, 255],
  ["input", "a\ud800b", "a\ufffdb"],
] as const) {
  test(`${field} = ${JSON.stringify(given)} is stored as ${JSON.stringify(stored)}`, () => {
    assert.equal(roundTrip({ ...plainRow, [field]: given })[field], stored);
  });
}

for (const [field, value] of [
  ["trace_id", "abc"],
  ["trace_id", "g".repeat(32)],
  ["span_id", undefined],
  ["start_time", 5],
  ["input", 5],
  ["input_tokens", undefined],
  ["http_status", "200"],
  ["tags", null],
  ["tags", ["fine", 5]],
  ["attributes", { fine: "yes", bad: 5 }],
] as const) {
  test(`a row with ${field} = ${JSON.stringify(value)} is refused whole`, () => {
    const writer = createBlockWriter("spans");
    const good = { ...plainRow, tags: ["x"], attributes: { k: "v" }, input_tokens: 1 };
    writer.append(good);
    assert.throws(() => writer.append({ ...plainRow, [field]: value } as SpanRow), {
      name: "TypeError",
      message: new RegExp(`^spans\\.${field}: `),
    });
    writer.append(good);
    assert.deepEqual(rowsOf(writer.finish()), [good, good]);
  });
}

const anyText = fc.string({ unit: "binary", maxLength: 60 });
const arbitraryRow: fc.Arbitrary<Partial<SpanRow>> = fc.record({
  name: anyText,
  input: anyText,
  tags: fc.array(anyText, { maxLength: 4 }),
  // A key like __proto__ would not come back as an own property of a plain object.
  attributes: fc.dictionary(
    anyText.map((key) => `k${key}`),
    anyText,
    { maxKeys: 4 },
  ),
  start_time: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  cost_nano_usd: fc.option(fc.maxSafeInteger(), { nil: null }),
  input_tokens: fc.option(fc.nat(0xffff_ffff), { nil: null }),
  duration_ns: fc.maxSafeNat(),
});

test("any rows come back, and the writer is reusable", () => {
  const writer = createBlockWriter("spans");
  fc.assert(
    fc.property(fc.array(arbitraryRow, { maxLength: 6 }), (changes) => {
      const rows = changes.map((change) => ({ ...plainRow, ...change }));
      for (const row of rows) writer.append(row);
      assert.equal(writer.rowCount, rows.length);
      const expectedLength = writer.byteLength;
      const batch = writer.finish([7]);
      assert.ok(Math.abs(batch.block.length - expectedLength) <= 4);
      assert.deepEqual([batch.table, batch.rowCount, batch.closes], ["spans", rows.length, [7]]);
      const wellFormed = (text: string) => Buffer.from(text).toString();
      assert.deepEqual(
        rowsOf(batch),
        rows.map((row) => ({
          ...row,
          name: wellFormed(row.name as string),
          input: wellFormed(row.input as string),
          tags: row.tags.map(wellFormed),
          attributes: Object.fromEntries(Object.entries(row.attributes).map((pair) => pair.map(wellFormed))),
        })),
      );
    }),
    { numRuns: 200 },
  );
});

const anyInt32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const anyFloat = fc.double().map((value) => (Object.is(value, -0) ? 0 : value));
const anyFloats = fc.array(anyFloat, { maxLength: 5 });
const anyCounts = fc.array(fc.maxSafeNat(), { maxLength: 5 });
const anyTime = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyHex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString("hex"));
const arbitraryPoint: fc.Arbitrary<Partial<MetricPointRow>> = fc.record({
  time: anyTime,
  value: fc.option(anyFloat, { nil: null }),
  sum: fc.option(anyFloat, { nil: null }),
  count: fc.option(fc.maxSafeNat(), { nil: null }),
  bucket_bounds: anyFloats,
  bucket_counts: anyCounts,
  scale: anyInt32,
  zero_threshold: anyFloat,
  positive_offset: anyInt32,
  positive_counts: anyCounts,
  exemplar_times: fc.array(anyTime, { maxLength: 4 }),
  exemplar_values: anyFloats,
  exemplar_trace_ids: fc.array(anyHex(16), { maxLength: 4 }),
  exemplar_span_ids: fc.array(anyHex(8), { maxLength: 4 }),
});

test("any points of metrics come back", () => {
  const plainPoint = newMetricPointRow(defaultProjectId, "m", "histogram", 1n);
  const writer = createBlockWriter("metric_points");
  fc.assert(
    fc.property(fc.array(arbitraryPoint, { maxLength: 6 }), (changes) => {
      const rows = changes.map((change) => ({ ...plainPoint, ...change }));
      for (const row of rows) writer.append(row);
      assert.deepEqual(readBlocks(writer.finish().block, "metric_points"), rows);
    }),
    { numRuns: 200 },
  );
});

for (const [field, value] of [
  ["value", "1"],
  ["value", undefined],
  ["scale", 1n],
  ["bucket_bounds", [1, "2"]],
  ["bucket_counts", [1n]],
  ["exemplar_times", [1n, 2]],
  ["exemplar_trace_ids", ["ab"]],
] as const) {
  test(`a point with ${field} = ${String(value)} is refused whole`, () => {
    const good = { ...newMetricPointRow(defaultProjectId, "m", "sum", 1n), value: 1.5, bucket_bounds: [1, 2] };
    const writer = createBlockWriter("metric_points");
    writer.append(good);
    assert.throws(() => writer.append({ ...good, [field]: value } as MetricPointRow), {
      name: "TypeError",
      message: new RegExp(`^metric_points\\.${field}: `),
    });
    writer.append(good);
    assert.deepEqual(readBlocks(writer.finish().block, "metric_points"), [good, good]);
  });
}

test("blocks one behind the other are read as one", () => {
  const writer = createBlockWriter("spans");
  const blocks = ["a", "b", "c"].map((name) => {
    writer.append({ ...plainRow, name });
    return writer.finish().block;
  });
  assert.deepEqual(
    readBlocks(Buffer.concat(blocks), "spans").map(({ name }) => name),
    ["a", "b", "c"],
  );
});

test("the projects of a block are found", () => {
  const writer = createBlockWriter("spans");
  for (const project of ["one", "one", "two", "one"]) writer.append({ ...plainRow, project_id: project });
  const found = new Set<string>();
  collectFirstColumn(writer.finish().block, found);
  assert.deepEqual(found, new Set(["one", "two"]));
});

interface InProcessClickHouse {
  query(sql: string): string;
}

let clickHouse: InProcessClickHouse;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-blocks-"));
  clickHouse = (await import("chdb")) as unknown as InProcessClickHouse;
});
after(() => rmSync(folder, { recursive: true }));

/** The table's columns as ClickHouse stores them, for `file`. */
function structureOf(table: TableName): string {
  const columns = Object.entries<Column>(tableColumns[table]).map(
    ([name, { stored }]) => `${name} ${stored.replace(/ CODEC\(.*$/, "")}`,
  );
  return columns.join(", ").replaceAll("'", "\\'");
}

/** What ClickHouse makes of a block, with every column as it is stored. */
function readByClickHouse(block: Uint8Array, select: string, table: TableName = "spans"): string[] {
  const path = join(folder, "block.native");
  writeFileSync(path, block);
  const file = `file('${path}', Native, '${structureOf(table)}')`;
  return clickHouse.query(`SELECT ${select} FROM ${file} FORMAT TSVRaw`).split("\n").slice(0, -1);
}

const oddRows: SpanRow[] = [
  plainRow,
  { ...plainRow, name: "ünï 😀", tags: ["a", "", "ß"], attributes: { k: "v", "": "x" }, input: "é".repeat(300) },
  { ...plainRow, start_time: -1n, cost_nano_usd: -5, input_tokens: 0xffff_ffff, http_status: 200, ttft_ns: 2 ** 40 },
];

test("ClickHouse reads every column as it was written", () => {
  const writer = createBlockWriter("spans");
  for (const row of oddRows) writer.append(row);
  const shown =
    "name, tags, attributes, lengthUTF8(input), start_time, cost_nano_usd, input_tokens, http_status, ttft_ns";
  assert.deepEqual(readByClickHouse(writer.finish().block, shown), [
    "\t[]\t{}\t0\t2023-11-14 22:13:20.123456789\t\\N\t\\N\t\\N\t\\N",
    "ünï 😀\t['a','','ß']\t{'k':'v','':'x'}\t300\t2023-11-14 22:13:20.123456789\t\\N\t\\N\t\\N\t\\N",
    "\t[]\t{}\t0\t1969-12-31 23:59:59.999999999\t-5\t4294967295\t200\t1099511627776",
  ]);
});

const oddLogs: LogRow[] = [
  newLogRow(defaultProjectId, 5n),
  { ...newLogRow(defaultProjectId, -1n), sequence: 2 ** 32 - 1, severity_number: 24, body: "ü", resource: { a: "b" } },
];
const oddPoints: MetricPointRow[] = [
  newMetricPointRow(defaultProjectId, "m", "gauge", 5n),
  {
    ...newMetricPointRow(defaultProjectId, "m", "exponential_histogram", 5n),
    value: -1.25,
    count: 2 ** 40,
    bucket_bounds: [-1.5, 1e300],
    bucket_counts: [1, 2 ** 40],
    scale: -10,
    positive_offset: -(2 ** 31),
    negative_offset: 2 ** 31 - 1,
    exemplar_times: [1n, -1n],
    exemplar_values: [0.1],
    exemplar_trace_ids: ["0af7651916cd43dd8448eb211c80319c"],
    exemplar_span_ids: ["00f067aa0ba902b7"],
  },
];

const shownAs: Partial<Record<Column["type"], (name: string) => string>> = {
  hex16: (name) => `lower(hex(${name}))`,
  hex8: (name) => `lower(hex(${name}))`,
  hex16s: (name) => `arrayMap(id -> lower(hex(id)), ${name})`,
  hex8s: (name) => `arrayMap(id -> lower(hex(id)), ${name})`,
  time_ns: (name) => `toString(toUnixTimestamp64Nano(${name}))`,
  times_ns: (name) => `arrayMap(time -> toString(toUnixTimestamp64Nano(time)), ${name})`,
};

for (const [table, rows] of [
  ["spans", oddRows],
  ["logs", oddLogs],
  ["metric_points", oddPoints],
] as const satisfies [TableName, readonly object[]][]) {
  test(`ClickHouse and our reader see the same values in every column of ${table}`, () => {
    const writer = createBlockWriter<TableName>(table);
    for (const row of rows) writer.append(row);
    const shown = Object.entries<Column>(tableColumns[table]).map(
      ([name, { type }], index) => `${shownAs[type]?.(name) ?? name} AS c${index}`,
    );
    const theirs = readByClickHouse(writer.finish().block, `toJSONString(tuple(${shown.join(", ")}))`, table);
    const plain = (value: unknown): unknown =>
      typeof value === "bigint" ? String(value) : Array.isArray(value) ? value.map(plain) : value;
    assert.deepEqual(
      theirs.map((line) => Object.values(JSON.parse(line) as object)),
      rows.map((row) => Object.values(row).map(plain)),
    );
  });
}

test("ClickHouse takes a block without rows, and blocks one behind the other", () => {
  const writer = createBlockWriter("spans");
  const empty = writer.finish();
  assert.equal(empty.rowCount, 0);
  writer.append({ ...plainRow, name: "only" });
  const blocks = Buffer.concat([empty.block, writer.finish().block, empty.block]);
  assert.deepEqual(readByClickHouse(blocks, "name"), ["only"]);
});

test("ClickHouse converts the block's types to the stored ones", () => {
  const writer = createBlockWriter("spans");
  for (const row of oddRows) writer.append(row);
  const shown = "toTypeName(name), toTypeName(attributes), name, attributes";
  assert.equal(
    readByClickHouse(writer.finish().block, shown)[1],
    "LowCardinality(String)\tMap(LowCardinality(String), String)\tünï 😀\t{'k':'v','':'x'}",
  );
});

for (const [labelCount, rowCount] of [
  [1, 300],
  [200, 600],
  [300, 2000],
  [66_000, 140_000],
] as const) {
  test(`${labelCount} labels of ${rowCount} rows are written once each`, () => {
    const label = (row: number) => `a label of some length ${row % labelCount}`;
    const attributesOf = (row: number): Record<string, string> => (row % 3 === 0 ? {} : { [label(row)]: `${row}` });
    const writer = createBlockWriter("spans");
    for (let row = 0; row < rowCount; row++) {
      writer.append({ ...plainRow, name: label(row), attributes: attributesOf(row) });
    }
    const { block } = writer.finish();
    assert.ok(Buffer.from(block).includes("Map(LowCardinality(String), String)"));
    const name = `concat('a label of some length ', toString(rowNumberInAllBlocks() % ${labelCount}))`;
    const value = "if(rowNumberInAllBlocks() % 3 = 0, '', toString(rowNumberInAllBlocks()))";
    const shown = `count(), countIf(name != ${name}), countIf(attributes[name] != ${value})`;
    assert.deepEqual(readByClickHouse(block, shown), [`${rowCount}\t0\t0`]);
    if (rowCount > 10_000) return;
    assert.deepEqual(
      readBlocks(block, "spans").map(({ name, attributes }) => [name, attributes]),
      Array.from({ length: rowCount }, (_, row) => [label(row), attributesOf(row)]),
    );
  });
}

test("columns that say nothing are left out, and come back as they were", () => {
  const writer = createBlockWriter("spans");
  const row = { ...plainRow, is_stream: 1, input_tokens: 5 };
  writer.append(row);
  writer.append(plainRow);
  const batch = writer.finish();
  const block = Buffer.from(batch.block);
  assert.deepEqual(
    ["input_tokens", "is_stream", "output_tokens", "tags", "attributes", "request_bytes"].map((name) =>
      block.includes(name),
    ),
    [true, true, false, false, false, false],
  );
  assert.deepEqual(rowsOf(batch), [row, plainRow]);
});
