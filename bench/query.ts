/**
 * What questions cost at 20 million spans, which ClickHouse makes itself.
 *
 *   node bench/query.ts [--rows 20000000] [--runs 25] [--directory DIR] [--keep] [--only NAME] [--warm | --cold-runs 1]
 *     [--arriving 5000]
 *
 * An engine of its own over a folder of its own (a temporary one, unless named; `--keep` leaves it for the next run),
 * filled through the store's own schema, so that rollups and text indexes are those of a real install, each week merged
 * into one part. Each question is put to the API over HTTP about the largest project: with cold caches (not with
 * `--warm`), then `--runs` times. Prints a Markdown table: median and 95th percentile warm, the engine's processor time,
 * what it read, and cold (the slowest of the cold runs).
 *
 * With `--arriving` a Weir of real processes then takes so many OTLP spans a second into the same project, in copies of
 * the tables, and each question, its time reaching to now, is put to that Weir's API `--runs` times while they come in.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { apiConfig, createApi, LiveTicks } from "@weir/api";
import { apiPaths } from "@weir/api/contract";
import { openCatalog } from "@weir/catalog";
import { OutgoingGuard, projectId, silentTelemetry } from "@weir/model";
import { freeLoopbackPort, openStore, type Store, startEngine } from "@weir/storage";
import { folderBytes } from "./folder-size.ts";
import { startArrivals } from "./query-arrivals.ts";
import { type DataShape, spansSelect } from "./query-data.ts";
import { markdownTable } from "./tables.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "20000000" },
    runs: { type: "string", default: "25" },
    directory: { type: "string" },
    only: { type: "string" },
    keep: { type: "boolean", default: false },
    warm: { type: "boolean", default: false },
    "cold-runs": { type: "string", default: "1" },
    arriving: { type: "string" },
  },
});
const runs = Number(values.runs);
const coldRuns = values.warm ? 0 : Number(values["cold-runs"]);
const coldGoalMs = 500;
const arrivingGoalMs = 100;
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
  for (const table of ["spans", "traces", "trace_index"]) await store.command(`OPTIMIZE TABLE ${table} FINAL`);
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

/** A question as a client puts it to the API; several are put at once, as a page does. */
interface ApiRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: object;
}

interface Question {
  readonly name: string;
  readonly goalMs: number;
  readonly requests: readonly ApiRequest[];
}

/** The questions of the data's last day, week and month, and of what came after until `untilMs`. */
async function questionsOf({ endSecond }: DataShape, untilMs = endSecond * 1000): Promise<Question[]> {
  const ends = (count: number) => ({
    project_id: project,
    from: new Date((endSecond - count * 86_400) * 1000).toISOString(),
    to: new Date(untilMs).toISOString(),
  });
  const [day, week, month] = [ends(1), ends(7), ends(30)];
  const calls = (filter: string, range = day) => [{ path: apiPaths.calls, query: { ...range, filter, limit: "50" } }];
  const traces = (filter: string, range = day) => [{ path: apiPaths.traces, query: { ...range, filter, limit: "50" } }];
  const figures = (json: object, range = day) => [{ path: apiPaths.query, body: { ...range, ...json } }];
  const [some] = await store.query<{ id: string }>(
    "SELECT lower(hex(trace_id)) AS id FROM traces WHERE project_id = {project:String} ORDER BY start_time LIMIT 1 OFFSET 5000",
    { project },
  );
  const trace = apiPaths.trace.replace(":trace_id", some?.id ?? "");
  const facets = (filter: string) =>
    ["status", "model", "provider", "user"].flatMap((field) =>
      figures({ select: ["count()"], group_by: [field], order_by: ["-count()"], limit: 12, filter }),
    );
  const topUsers = { select: ["sum(cost)", "count()"], group_by: ["user"], order_by: ["-sum(cost)"], limit: 20 };
  const costByDay = { select: ["sum(cost)", "count()"], bucket_seconds: 86_400 };
  const list: [string, number, ApiRequest[]][] = [
    ["latest 50 calls, a day", 50, calls("")],
    ["latest 50 calls, 4 filters, a day", 50, calls("model:gpt-4o status:error env:production cost>0.001")],
    ["latest 50 calls, 4 filters, a month", 50, calls("model:gpt-4o status:error env:production cost>0.001", month)],
    ["latest 50 calls of a user, a month", 50, calls("user:user-777", month)],
    ["latest 50 calls, no match, a month", 50, calls("user:nobody", month)],
    ["latest 50 traces, a day", 50, traces("")],
    ["latest 50 traces with an error in any step", 50, traces("status:error", month)],
    ["a trace by id", 50, [{ path: trace, query: { project_id: project, include: "content" } }]],
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
    ["summary of a day (the overview's figures)", 50, [{ path: apiPaths.metricsSummary, query: day }]],
    ["time series of a day", 50, [{ path: apiPaths.metricsTimeseries, query: day }]],
    ["cost by day, a month", 50, figures(costByDay, month)],
    ["top users by cost, a week", 50, figures({ ...topUsers, filter: "user:*" }, week)],
    ["top users by cost, a month", 50, figures({ ...topUsers, filter: "user:*" }, month)],
    ["facets (4 fields), a day", 50, facets("")],
    ["facets (4 fields) of errors, a day", 50, facets("status:error")],
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
    .map(([name, goalMs, requests]) => ({ name, goalMs, requests }));
}

/** The API over a store of the engine that runs now, on a port of its own. */
async function startApi() {
  const catalog = await openCatalog({
    file: join(folder, "catalog.sqlite"),
    secretKeyFile: join(folder, "secret.key"),
    telemetry: silentTelemetry,
  });
  await catalog.ensureInitial({});
  const server = await createApi({
    store,
    catalog,
    telemetry: silentTelemetry,
    config: apiConfig.parse({ rateLimit: { perAddressPerMinute: 1_000_000, perCallerPerMinute: 1_000_000 } }),
    retention: { spansDays: 90, logsDays: 60 },
    webDirectory: join(folder, "none"),
    live: new LiveTicks(),
    outgoing: new OutgoingGuard([]),
    install: { version: "0.0.0", is_loopback: true, providers: [] },
    ownerSecret: "bench",
  });
  if (catalog.current().project(project) === undefined) await catalog.createProject({ id: project, name: "Bench" });
  const { secret } = await catalog.createApiKey({ projectId: project, name: "bench", scopes: undefined });
  const address = await server.listen({ port: 0, host: "127.0.0.1" });
  return {
    ask: askerOf(address, secret),
    async [Symbol.asyncDispose]() {
      await server.close();
      await catalog[Symbol.asyncDispose]();
    },
  };
}

type Ask = (request: ApiRequest) => Promise<void>;

function askerOf(address: string, apiKey: string): Ask {
  return async ({ path, query = {}, body }) => {
    const response = await fetch(`${address}${path}?${new URLSearchParams(query)}`, {
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  };
}

async function measure(shape: DataShape): Promise<void> {
  const rows: string[][] = [];
  const calmP95Ms = new Map<string, number>();
  for (const question of await questionsOf(shape)) {
    const colds: number[] = [];
    for (let run = 0; run < coldRuns; run++) colds.push(await askCold(question));
    await using api = await startApi();
    await api.ask({ path: apiPaths.projects });
    const warm = await askWarm(question, api.ask);
    calmP95Ms.set(question.name, warm.p95Ms);
    const coldMs = Math.max(0, ...colds);
    const isMet = warm.p95Ms <= question.goalMs && coldMs <= coldGoalMs;
    rows.push([
      question.name,
      warm.p50Ms.toFixed(1),
      warm.p95Ms.toFixed(1),
      warm.cpuMs.toFixed(0),
      warm.rows.toFixed(0),
      (warm.bytes / 1e6).toFixed(1),
      coldRuns === 0 ? "" : coldMs.toFixed(0),
      String(question.goalMs),
      isMet ? "yes" : "**no**",
    ]);
    console.error(rows.at(-1)?.join(" | "));
  }
  const [spans] = await store.query<{ n: number; mine: number }>(
    "SELECT count() AS n, countIf(project_id = {project:String}) AS mine FROM spans",
    { project },
  );
  console.log(
    `\n${spans?.n} spans over ${days} days, ${spans?.mine} of them of the project that is asked; ${(folderBytes(join(folder, "engine")) / 1e9).toFixed(2)} GB on disk. ${runs} runs each, ${coldRuns} cold.\n`,
  );
  console.log(
    markdownTable(
      ["question", "warm p50 ms", "warm p95 ms", "engine CPU ms", "rows read", "MB read", "cold ms", "goal", "met"],
      rows,
    ),
  );
  if (values.arriving !== undefined) await measureArriving(shape, Number(values.arriving), calmP95Ms);
}

/** The same questions while spans come in, beside their calm 95th percentiles. */
async function measureArriving(
  shape: DataShape,
  spansPerSecond: number,
  calmP95Ms: ReadonlyMap<string, number>,
): Promise<void> {
  await using arrivals = await startArrivals({ access: engine, tables: store, project, spansPerSecond });
  const ask = askerOf(arrivals.address, arrivals.apiKey);
  const rows: string[][] = [];
  // An hour ahead, so that one range holds all that comes in meanwhile.
  for (const question of await questionsOf(shape, Date.now() + 3_600_000)) {
    const { p50Ms, p95Ms } = await askWarm(question, ask);
    const goalMs = Math.max(arrivingGoalMs, question.goalMs);
    const calm = calmP95Ms.get(question.name)?.toFixed(1) ?? "";
    rows.push([
      question.name,
      calm,
      p50Ms.toFixed(1),
      p95Ms.toFixed(1),
      String(goalMs),
      p95Ms <= goalMs ? "yes" : "**no**",
    ]);
    console.error(rows.at(-1)?.join(" | "));
  }
  const stored = await arrivals.storedSpans();
  const taken = await arrivals.end();
  const rate = Math.round(taken.acknowledgedSpans / taken.seconds).toLocaleString("en-US");
  console.log(
    `\nWhile ${rate} spans/s were acknowledged (${spansPerSecond} asked for, p99 ${taken.latencyMs.p99.toFixed(0)} ms, ${taken.failedExports} refused; ${taken.acknowledgedSpans} in all, ${stored} of them stored at the end), for ${taken.seconds.toFixed(0)} s:\n`,
  );
  console.log(markdownTable(["question", "calm p95 ms", "arriving p50 ms", "arriving p95 ms", "goal", "met"], rows));
}

/** With nothing in any cache; the connections, and the API's own first answer, do not count. */
async function askCold({ requests }: Question): Promise<number> {
  await dropCaches();
  await using api = await startApi();
  await api.ask({ path: apiPaths.projects });
  return await timeOf(() => Promise.all(requests.map(api.ask)));
}

interface WarmAnswers {
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of one run, of all its statements; with whatever else the engine did meanwhile. */
  readonly cpuMs: number;
  readonly rows: number;
  readonly bytes: number;
}

async function askWarm({ requests }: Question, ask: Ask): Promise<WarmAnswers> {
  const answer = () => timeOf(() => Promise.all(requests.map(ask)));
  await answer();
  await answer();
  const before = { cpuMs: engineCpuMs(), ...(await readSoFar()) };
  const warm: number[] = [];
  for (let run = 0; run < runs; run++) warm.push(await answer());
  const after = { cpuMs: engineCpuMs(), ...(await readSoFar()) };
  warm.sort((a, b) => a - b);
  const at = (share: number) => warm[Math.min(warm.length - 1, Math.ceil(warm.length * share) - 1)] ?? 0;
  return {
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    cpuMs: (after.cpuMs - before.cpuMs) / runs,
    rows: (after.rows - before.rows) / runs,
    bytes: (after.bytes - before.bytes) / runs,
  };
}

/** What all queries of the engine have read since its start. */
async function readSoFar(): Promise<{ rows: number; bytes: number }> {
  const events = await store.query<{ event: string; value: number }>(
    "SELECT event, value FROM system.events WHERE event IN ('SelectedRows', 'SelectedBytes')",
  );
  const counted = (name: string) => events.find(({ event }) => event === name)?.value ?? 0;
  return { rows: counted("SelectedRows"), bytes: counted("SelectedBytes") };
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
