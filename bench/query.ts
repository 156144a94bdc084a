/**
 * What questions cost at 20 million spans, which ClickHouse makes itself.
 *
 *   node bench/query.ts [--rows 20000000] [--runs 25] [--directory DIR] [--keep] [--only NAME] [--explain]
 *
 * An engine of its own over a folder of its own (a temporary one, unless named; `--keep` leaves it for the next run),
 * filled through the store's own schema, so that rollups and text indexes are those of a real install. Each question
 * is asked of the largest project as the API asks it: once with cold caches, then `--runs` times. Prints a Markdown
 * table: median and 95th percentile warm, the engine's processor time, and cold.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { projectId, silentTelemetry } from "@weir/model";
import { checkAggregation, everything, parseFilter } from "@weir/query";
import {
  aggregate,
  breakdown,
  freeLoopbackPort,
  getTrace,
  listCalls,
  listTraces,
  metricsSummary,
  openStore,
  type SqlReader,
  type Store,
  startEngine,
  timeseries,
} from "@weir/storage";
import { folderBytes } from "./folder-size.ts";
import { type DataShape, spansSelect } from "./query-data.ts";
import { markdownTable } from "./tables.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "20000000" },
    runs: { type: "string", default: "25" },
    directory: { type: "string" },
    only: { type: "string" },
    keep: { type: "boolean", default: false },
    explain: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
const dayNano = 86_400_000_000_000n;
const days = 30;
const project = projectId("project-1");

const folder =
  values.directory === undefined ? mkdtempSync(join(tmpdir(), "weir-bench-query-")) : resolve(values.directory);
mkdirSync(folder, { recursive: true });
const isFilled = existsSync(join(folder, "engine", "data"));
const engineOptions = {
  directory: join(folder, "engine"),
  runDirectory: join(folder, "run"),
  password: "bench-query",
  memoryLimitBytes: 4 * 1024 ** 3,
  telemetry: silentTelemetry,
};
let engine = await startEngine({ ...engineOptions, port: await freeLoopbackPort() });
let store = open();
try {
  await store.migrate();
  const shape = await fill();
  await restart();
  await measure(shape);
} finally {
  await store[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}

function open(): Store {
  const { url, username, password } = engine;
  return openStore({ url, username, password, database: "weir", telemetry: silentTelemetry });
}

async function restart(): Promise<void> {
  await store[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  engine = await startEngine({ ...engineOptions, port: await freeLoopbackPort() });
  store = open();
}

/** Fills the tables, unless they are there from an earlier run; waits for merges to rest. */
async function fill(): Promise<DataShape> {
  const rows = Number(values.rows);
  const [there] = await store.query<{ n: number; last: number }>(
    "SELECT count() AS n, toUInt32(toUnixTimestamp(toStartOfHour(max(start_time)))) AS last FROM spans",
  );
  if (isFilled && there !== undefined && there.n > 0) {
    const endSecond = there.last + 3600;
    return { rows: there.n, days, endSecond };
  }
  const shape = { rows, days, endSecond: Math.floor(Date.now() / 3_600_000) * 3600 };
  const startedMs = performance.now();
  const batch = Math.min(500_000, rows);
  for (let from = 0; from < rows; from += batch) {
    await store.command(
      `INSERT INTO spans (${columnsOf(spansSelect(shape, 0, 1))}) ${spansSelect(shape, from, Math.min(batch, rows - from))}
       SETTINGS max_insert_threads = 1, max_threads = 2, max_partitions_per_insert_block = 0,
         min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 4000000000,
         exclude_materialize_skip_indexes_on_insert = 'input_words,output_words,name_words,error_words'`,
    );
    console.error(
      `${((from + batch) / 1e6).toFixed(1)}M rows, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    );
  }
  await mergesAtRest();
  console.error(`merged, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  return shape;
}

/** Resolves when the engine has merged what it wants to. */
async function mergesAtRest(): Promise<void> {
  for (let calm = 0; calm < 5; calm++) {
    const [running] = await store.query<{ n: number }>("SELECT count() AS n FROM system.merges");
    if (running !== undefined && running.n > 0) calm = 0;
    await sleep(1000);
  }
}

/** The names that a SELECT of ours gives its columns. */
function columnsOf(select: string): string {
  const body = select.slice(select.indexOf("\n  SELECT"));
  return [...body.matchAll(/ AS (\w+)(?:,\n|\n)/g)].map((match) => match[1]).join(", ");
}

interface Question {
  readonly name: string;
  readonly goalMs: number;
  ask(reader: SqlReader): Promise<unknown>;
}

async function questionsOf({ endSecond }: DataShape): Promise<Question[]> {
  const end = BigInt(endSecond) * 1_000_000_000n;
  const last = (count: bigint) => ({ fromUnixNano: end - count * dayNano, toUnixNano: end });
  const [day, week, month] = [last(1n), last(7n), last(30n)];
  const calls =
    (text: string, range = day) =>
    (reader: SqlReader) =>
      listCalls(reader, project, { range, filter: parseFilter(text), limit: 50 });
  const traces =
    (text: string, range = day) =>
    (reader: SqlReader) =>
      listTraces(reader, project, { range, filter: everything, spanFilter: parseFilter(text), limit: 50 });
  const figures =
    (json: unknown, range = day) =>
    (reader: SqlReader) =>
      aggregate(reader, project, { range, aggregation: checkAggregation(json) });
  const [some] = await store.query<{ id: string }>(
    "SELECT lower(hex(trace_id)) AS id FROM traces WHERE project_id = {project:String} ORDER BY start_time LIMIT 1 OFFSET 5000",
    { project },
  );
  const facets = ["status", "model", "provider", "user_id"] as const;
  const list: [string, number, Question["ask"]][] = [
    ["latest 50 calls, a day", 50, calls("")],
    ["latest 50 calls, 4 filters, a day", 50, calls("model:gpt-4o status:error env:production cost>0.001")],
    ["latest 50 calls, 4 filters, a month", 50, calls("model:gpt-4o status:error env:production cost>0.001", month)],
    ["latest 50 calls of a user, a month", 50, calls("user:user-777", month)],
    ["latest 50 calls, no match, a month", 50, calls("user:nobody", month)],
    ["latest 50 traces, a day", 50, traces("")],
    ["latest 50 traces with an error in any step", 50, traces("status:error", month)],
    ["a trace by id", 50, (reader) => getTrace(reader, project, { traceId: some?.id ?? "", withContent: true })],
    [
      "p50 p95 p99 by model and minute, a day",
      50,
      figures({
        select: ["p50(duration)", "p95(duration)", "p99(duration)"],
        group_by: ["model"],
        bucket_seconds: 60,
        limit: 10_000,
      }),
    ],
    [
      "summary of a day (the overview's figures)",
      50,
      (reader) => metricsSummary(reader, project, { range: day, filter: everything }),
    ],
    ["time series of a day", 50, (reader) => timeseries(reader, project, { range: day, filter: everything })],
    ["cost by day, a month", 50, figures({ select: ["sum(cost)", "count()"], bucket_seconds: 86_400 }, month)],
    [
      "top users by cost, a week",
      50,
      figures({ select: ["sum(cost)", "count()"], group_by: ["user"], order_by: ["-sum(cost)"], limit: 20 }, week),
    ],
    [
      "top users by cost, a month",
      50,
      figures({ select: ["sum(cost)", "count()"], group_by: ["user"], order_by: ["-sum(cost)"], limit: 20 }, month),
    ],
    [
      "facets (4 fields), a day",
      50,
      (reader) =>
        Promise.all(facets.map((by) => breakdown(reader, project, { range: day, filter: everything, by, limit: 10 }))),
    ],
    [
      "facets (4 fields) of errors, a day",
      50,
      (reader) =>
        Promise.all(
          facets.map((by) =>
            breakdown(reader, project, { range: day, filter: parseFilter("status:error"), by, limit: 10 }),
          ),
        ),
    ],
    ["a rare word, a month", 50, calls("zebra", month)],
    ["a rare phrase, a month", 50, calls('"refund policy"', month)],
    ["a common word, a month", 50, calls("w3", month)],
    ["a word that is nowhere, a month", 50, calls("nowhere12345", month)],
    ["traces with a rare phrase, a month", 50, traces('"refund policy"', month)],
    ["letters within words, a month", 500, calls("*zebr*", month)],
    ["an attribute, a day", 50, calls("@customer.tier:gold @host.name:host-17")],
    ["a rare attribute, a month", 500, calls("@rare.flag:*", month)],
    ["an attribute's only row, a month", 500, calls("@request.number:12345678", month)],
  ];
  return list
    .filter(([name]) => values.only === undefined || name.includes(values.only))
    .map(([name, goalMs, ask]) => ({ name, goalMs, ask }));
}

async function measure(shape: DataShape): Promise<void> {
  const questions = await questionsOf(shape);
  const rows: string[][] = [];
  for (const { name, goalMs, ask } of questions) {
    await dropCaches();
    const coldMs = await timeOf(() => ask(store));
    const warm: number[] = [];
    const cpuBeforeMs = engineCpuMs();
    for (let run = 0; run < runs + 2; run++) {
      const tookMs = await timeOf(() => ask(store));
      if (run >= 2) warm.push(tookMs);
    }
    const cpuMs = (engineCpuMs() - cpuBeforeMs) / (runs + 2);
    warm.sort((a, b) => a - b);
    const at = (share: number) => warm[Math.min(warm.length - 1, Math.ceil(warm.length * share) - 1)] ?? 0;
    const p95 = at(0.95);
    rows.push([
      name,
      at(0.5).toFixed(1),
      p95.toFixed(1),
      cpuMs.toFixed(0),
      coldMs.toFixed(0),
      String(goalMs),
      p95 <= goalMs && coldMs <= 500 ? "yes" : "**no**",
    ]);
    console.error(rows.at(-1)?.join(" | "));
    if (values.explain) await explain(ask);
  }
  const [spans] = await store.query<{ n: number; mine: number }>(
    "SELECT count() AS n, countIf(project_id = {project:String}) AS mine FROM spans",
    { project },
  );
  console.log(
    `\n${spans?.n} spans over ${days} days, ${spans?.mine} of them of the project that is asked; ${(folderBytes(join(folder, "engine")) / 1e9).toFixed(2)} GB on disk. ${runs} runs each.\n`,
  );
  console.log(
    markdownTable(["question", "warm p50 ms", "warm p95 ms", "engine CPU ms", "cold ms", "goal", "met"], rows),
  );
}

/** Processor time of the engine so far: what a question costs whoever else keeps the machine busy. */
function engineCpuMs(): number {
  const fields = readFileSync(`/proc/${engine.pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function timeOf(ask: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await ask();
  return performance.now() - startedMs;
}

/** The engine's caches, and what the system holds of its files; those of others on the machine stay. */
async function dropCaches(): Promise<void> {
  await restart();
  execFileSync("find", [
    ...[join(folder, "engine"), "-type", "f", "-exec"],
    ...["dd", "if={}", "iflag=nocache", "count=0", "status=none", ";"],
  ]);
  await store.query("SELECT 1");
}

/** Which indexes a question uses, and how much they leave. */
async function explain(ask: Question["ask"]): Promise<void> {
  const explaining: SqlReader = {
    async query<Row>(sql: string, params: Readonly<Record<string, unknown>>) {
      const plan = await store.query<{ explain: string }>(`EXPLAIN indexes = 1 ${sql}`, params);
      for (const { explain: line } of plan)
        if (/Name:|Granules:|ReadFrom|PrimaryKey|Skip|Condition/.test(line)) console.error(line.slice(0, 200));
      return store.query<Row>(sql, params);
    },
  };
  await ask(explaining);
}
