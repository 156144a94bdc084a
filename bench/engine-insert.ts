/**
 * What the engine's processor time for a million inserted spans is made of: recorded blocks, as the journal holds them,
 * inserted into the whole schema and into it without one part after the other. Merges wait until the inserts are done,
 * so that both are told apart.
 *
 *   node bench/engine-insert.ts [--batches 6] [--batch-rows 45000] [--export-spans 500] [--only NAME] [--rounds 1]
 *     [--statements "ALTER TABLE …; …"] [--apart] [--live]
 *
 * With `--apart` small blocks are not joined, which the writer does. With `--live` merges run while rows are inserted and
 * until they come to rest, as they do in service: how often a row is written again is part of the figure then.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { figuresOf } from "@weir/e2e/process-table.ts";
import { projectId, silentTelemetry } from "@weir/model";
import { SpanCursor } from "@weir/otlp";
import { ExportWriter, JointBlocks, withPreviews } from "@weir/pipeline";
import { freeLoopbackPort, openStore, type Store, startEngine } from "@weir/storage";
import { mergesAtRest } from "./merges-at-rest.ts";
import { samplePayload } from "./span-payloads.ts";
import { markdownTable } from "./tables.ts";

const { values } = parseArgs({
  options: {
    batches: { type: "string", default: "6" },
    "batch-rows": { type: "string", default: "45000" },
    "export-spans": { type: "string", default: "500" },
    only: { type: "string" },
    rounds: { type: "string", default: "1" },
    statements: { type: "string", default: "" },
    apart: { type: "boolean", default: false },
    live: { type: "boolean", default: false },
  },
});
const batchCount = Number(values.batches);
const exportSpans = Number(values["export-spans"]);
const exportsPerBatch = Math.ceil(Number(values["batch-rows"]) / exportSpans);
const batchRows = exportsPerBatch * exportSpans;

const joint = new JointBlocks();

const views = [
  "traces_view",
  "trace_index_view",
  "usage_1m_view",
  "usage_1h_view",
  "usage_1d_view",
  "usage_user_1d_view",
  "usage_user_total_1d_view",
];
const dropViews = views.map((view) => `DROP VIEW IF EXISTS ${view}`);
const dropIndexes = ["input_words", "output_words", "name_words", "error_words"].map(
  (index) => `ALTER TABLE spans DROP INDEX IF EXISTS ${index}`,
);
const dropBlooms = ["by_trace", "by_span", "by_user", "by_session"].map(
  (index) => `ALTER TABLE spans DROP INDEX IF EXISTS ${index}`,
);

/** What is taken away from the schema before the inserts. */
const variants: Record<string, readonly string[]> = {
  whole: [],
  "without traces": [`DROP VIEW traces_view`],
  "without trace_index": [`DROP VIEW trace_index_view`],
  "without usage_1m, usage_1h and usage_1d": ["usage_1m", "usage_1h", "usage_1d"].map(
    (table) => `DROP VIEW ${table}_view`,
  ),
  "without usage_user_1d": [`DROP VIEW usage_user_1d_view`],
  "without usage_user_total_1d": [`DROP VIEW usage_user_total_1d_view`],
  "without any view": dropViews,
  "without text indexes": dropIndexes,
  "without bloom filters": dropBlooms,
  "spans alone": [...dropViews, ...dropIndexes, ...dropBlooms],
};
if (values.statements !== "") variants["as asked"] = values.statements.split(";").map((one) => one.trim());

const folder = mkdtempSync(join(tmpdir(), "weir-bench-insert-"));
await using engine = await startEngine({
  directory: join(folder, "engine"),
  runDirectory: join(folder, "run"),
  password: "bench-insert",
  memoryLimitBytes: 4 * 1024 ** 3,
  telemetry: silentTelemetry,
  port: await freeLoopbackPort(),
});
try {
  const batches = recordedBatches();
  const bytes = batches.flat().reduce((sum, block) => sum + block.length, 0);
  console.log(
    `${batchCount} batches of ${batchRows} spans in blocks of ${exportSpans}, ${(bytes / batchCount / batchRows).toFixed(0)} bytes a span`,
  );
  const rows: string[][] = [];
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, statements] of Object.entries(variants))
      if (values.only === undefined || values.only.split(",").includes(name))
        rows.push(await measure(name, statements, batches));
  console.log(markdownTable(["schema", "insert CPU s/1M", "merge CPU s/1M", "seconds", "bytes a span"], rows));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Exports with ids of their own, turned into blocks as the receiver does it. */
function recordedBatches(): Uint8Array[][] {
  const writer = new ExportWriter({ maxExportItems: exportSpans });
  const payloads = Array.from({ length: 8 }, (_, index) => samplePayload(exportSpans, index + 1));
  let sent = 0;
  return Array.from({ length: batchCount }, () =>
    Array.from({ length: exportsPerBatch }, () => {
      const payload = payloads[sent % payloads.length] as Buffer;
      renumber(payload, ++sent);
      const { batch } = writer.write(payload, { projectId: projectId("bench") }, "");
      if (batch === undefined) throw new Error("Nothing was written.");
      return Uint8Array.from(withPreviews(batch.block));
    }),
  );
}

/** Ids that no other export has, scattered as real ones are. */
function renumber(payload: Buffer, number: number): void {
  const cursor = new SpanCursor();
  cursor.open(payload);
  while (cursor.next()) {
    for (const at of [cursor.traceIdFrom, cursor.spanIdFrom])
      payload.writeUInt32LE((payload.readUInt32LE(at) + number * 0x9e37_79b1) >>> 0, at);
  }
}

async function measure(name: string, statements: readonly string[], batches: Uint8Array[][]): Promise<string[]> {
  await using store = openStore({
    url: engine.url,
    username: engine.username,
    password: engine.password,
    database: `bench_${Math.random().toString(36).slice(2, 8)}`,
    telemetry: silentTelemetry,
  });
  await store.migrate();
  await Promise.all([
    store.insert({ table: "spans", blocks: batches[0]?.slice(0, 1) ?? [], rowCount: 1, token: "warm" }),
  ]);
  for (const statement of statements) await store.command(statement);
  if (!values.live) await store.command(`SYSTEM STOP MERGES`);
  const startedMs = performance.now();
  const before = cpuSeconds();
  let number = 0;
  for (const parts of batches) {
    const ofExports = parts.map((block) => ({ block, rowCount: exportSpans }));
    const blocks = values.apart ? parts : joint.of("spans", ofExports);
    await store.insert({ table: "spans", blocks, rowCount: batchRows, token: `${name}-${number++}` });
  }
  const inserted = cpuSeconds();
  const seconds = (performance.now() - startedMs) / 1000;
  await (values.live ? mergesAtRest(store) : mergeAll(store));
  const merged = cpuSeconds();
  const bytes = await diskBytes(store);
  await store.command(`DROP DATABASE ${store.database}`);
  const million = (batchCount * batchRows) / 1e6;
  const row = [
    name,
    ((inserted - before) / million).toFixed(1),
    ((merged - inserted) / million).toFixed(1),
    seconds.toFixed(1),
    (bytes / (batchCount * batchRows)).toFixed(0),
  ];
  console.error(row.join(" | "));
  return row;
}

/** Everything into one part. */
async function mergeAll(store: Store): Promise<void> {
  await store.command(`SYSTEM START MERGES`);
  for (const table of [
    "spans",
    "traces",
    "trace_index",
    "usage_1m",
    "usage_1h",
    "usage_1d",
    "usage_user_1d",
    "usage_user_total_1d",
  ])
    await store.command(`OPTIMIZE TABLE ${table} FINAL`);
}

function cpuSeconds(): number {
  return figuresOf([engine.pid]).cpuSeconds;
}

async function diskBytes(store: Store): Promise<number> {
  const [row] = await store.query<{ bytes: unknown }>(
    "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = {database:String}",
    { database: store.database },
  );
  return Number(row?.bytes ?? 0);
}
