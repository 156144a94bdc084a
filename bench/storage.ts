/**
 * Bytes on disk against bytes of raw OTLP protobuf, for three kinds of traffic: single calls of eight applications (shared
 * system prompts and tools, questions and answers that are new each time), agents of ten turns that resend the history
 * with each, and both with text that has no sense at all. See `traffic.ts` and `traffic-text.ts` for how it is made.
 *
 *   node bench/storage.ts [--calls 20000] [--export-spans 50] [--batch-rows 5000] [--only NAME] [--statements "ALTER …"]
 *
 * Spans go the way of the receiver and the writer: exports become blocks, blocks are inserted in batches. Prints the
 * size after the background's merges came to rest, and after everything was merged into one part; text indexes and
 * rollups are in both.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectId, silentTelemetry } from "@weir/model";
import { encodeTraces, type Span } from "@weir/otlp";
import { ExportWriter, withPreviews } from "@weir/pipeline";
import { columnUsage, freeLoopbackPort, openStore, type Store, startEngine, storageUsage } from "@weir/storage";
import { mergesAtRest } from "./merges-at-rest.ts";
import { markdownTable } from "./tables.ts";
import { traffic } from "./traffic.ts";
import { randomText, recordedProse, seededPick } from "./traffic-text.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "20000" },
    "export-spans": { type: "string", default: "50" },
    "batch-rows": { type: "string", default: "5000" },
    exchanges: { type: "string", default: join(import.meta.dirname, "../../shared/data/exchanges") },
    only: { type: "string", default: "" },
    statements: { type: "string", default: "" },
  },
});
const exportSpans = Number(values["export-spans"]);
const exportsPerBatch = Math.ceil(Number(values["batch-rows"]) / exportSpans);
const shape = { calls: Number(values.calls), startMs: Date.now() - 4 * 3_600_000, hours: 2 };
const shownColumns = 12;

const prose = recordedProse(values.exchanges);
const kinds: Record<string, () => Span[]> = {
  "single calls": () => traffic({ ...shape, turns: 1 }, prose, seededPick(1)),
  "agents of ten turns": () => traffic({ ...shape, turns: 10 }, prose, seededPick(2)),
  "single calls, random text": () => traffic({ ...shape, turns: 1 }, randomText, seededPick(3)),
  "agents of ten turns, random text": () => traffic({ ...shape, turns: 10 }, randomText, seededPick(4)),
};

const folder = mkdtempSync(join(tmpdir(), "weir-bench-storage-"));
await using engine = await startEngine({
  directory: join(folder, "engine"),
  runDirectory: join(folder, "run"),
  password: "bench-storage",
  memoryLimitBytes: 3 * 1024 ** 3,
  telemetry: silentTelemetry,
  port: await freeLoopbackPort(),
});
try {
  const rows: string[][] = [];
  for (const [name, make] of Object.entries(kinds))
    if (name.includes(values.only)) rows.push(await measure(name, make()));
  console.log(
    markdownTable(
      ["traffic", "calls", "raw bytes a call", "on disk, merges at rest", "ratio", "one part", "ratio", "spans alone"],
      rows,
    ),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(name: string, spans: readonly Span[]): Promise<string[]> {
  const database = `bench_${Math.random().toString(36).slice(2, 8)}`;
  const { url, username, password } = engine;
  await using store = openStore({ url, username, password, database, telemetry: silentTelemetry });
  await store.migrate();
  for (const statement of values.statements.split(";")) if (statement.trim() !== "") await store.command(statement);
  const rawBytes = await insert(store, spans);
  await mergesAtRest(store);
  const rested = await diskBytes(store);
  for (const { table, rows } of await storageUsage(store))
    if (rows > 0) await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const merged = await diskBytes(store);
  const usage = await storageUsage(store);
  console.log(`\n${name}\n`);
  console.log(await details(store, spans.length, rawBytes));
  const spansBytes = usage.find(({ table }) => table === "spans")?.disk_bytes ?? 0;
  await store.command(`DROP DATABASE ${database}`);
  const ratio = (bytes: number) => `${(rawBytes / bytes).toFixed(1)}:1`;
  const each = (bytes: number) => (bytes / spans.length).toFixed(0);
  return [
    ...[name, String(spans.length), each(rawBytes), each(rested), ratio(rested), each(merged), ratio(merged)],
    `${each(spansBytes)} (${ratio(spansBytes)})`,
  ];
}

/** Inserts the spans as the receiver and the writer do it; answers the bytes of their exports. */
async function insert(store: Store, spans: readonly Span[]): Promise<number> {
  const writer = new ExportWriter({ maxExportItems: exportSpans });
  let rawBytes = 0;
  let blocks: Uint8Array[] = [];
  let rowCount = 0;
  const flush = async () => {
    if (rowCount > 0) await store.insert({ table: "spans", blocks, rowCount, token: `${rawBytes}` });
    blocks = [];
    rowCount = 0;
  };
  for (let from = 0; from < spans.length; from += exportSpans) {
    const payload = encodeTraces(spans.slice(from, from + exportSpans));
    rawBytes += payload.length;
    const { batch } = writer.write(payload, { projectId: projectId("bench") }, "");
    if (batch === undefined) throw new Error("Nothing was written.");
    blocks.push(Uint8Array.from(withPreviews(batch.block)));
    rowCount += batch.rowCount;
    if (blocks.length === exportsPerBatch) await flush();
  }
  await flush();
  return rawBytes;
}

async function diskBytes(store: Store): Promise<number> {
  return (await storageUsage(store)).reduce((sum, { disk_bytes }) => sum + disk_bytes, 0);
}

/** Tables, and the columns that take most, in bytes a call. */
async function details(store: Store, calls: number, rawBytes: number): Promise<string> {
  const each = (bytes: number) => (bytes / calls).toFixed(1);
  const tables = (await storageUsage(store)).filter(({ rows }) => rows > 0);
  const columns = (await columnUsage(store)).slice(0, shownColumns);
  return [
    markdownTable(
      ["table", "rows", "bytes a call", "columns", "share of raw"],
      tables.map(({ table, rows, disk_bytes, compressed_bytes }) => [
        ...[table, String(rows), each(disk_bytes), each(compressed_bytes)],
        `${((100 * disk_bytes) / rawBytes).toFixed(2)} %`,
      ]),
    ),
    markdownTable(
      ["column", "bytes a call", "ratio"],
      columns.map(({ table, column, compressed_bytes, uncompressed_bytes }) => [
        ...[`${table}.${column}`, each(compressed_bytes), `${(uncompressed_bytes / compressed_bytes).toFixed(1)}:1`],
      ]),
    ),
  ].join("\n\n");
}
