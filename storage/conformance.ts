import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { billedKinds, CodedError, type Column, type ErrorCode, silentTelemetry, tableColumns } from "@weir/model";
import { readMigrations } from "./schema/migrations.ts";
import { openStore, type Store } from "./store.ts";
import { type ClickHouseAddress, nativeBlock, openFreshStore } from "./testing.ts";

export interface ConformanceOptions {
  /** Where the ClickHouse under test is; called once. */
  readonly address: () => Promise<ClickHouseAddress>;
}

/**
 * Rows that differ in all that the rollups look at: billed and other kinds, every status, known and unknown usage and
 * cost, refused calls, several projects, users, models, minutes, days and weeks.
 */
export function variedRows(from: number, count: number): string {
  return `SELECT
    concat('project-', toString(number % 3)) AS project_id,
    toUInt16(if(number % 5 = 0, 30, 90)) AS retention_days,
    unhex(lower(leftPad(hex(intDiv(number, 4) + 1), 32, '0')))::FixedString(16) AS trace_id,
    unhex(leftPad(hex(number + 1), 16, '0'))::FixedString(8) AS span_id,
    toUInt8(number % 4 = 0) AS is_entry,
    toDateTime64(toStartOfHour(now('UTC')), 9, 'UTC') - toIntervalHour(number % 170) + toIntervalSecond(number % 97) AS start_time,
    toUInt64(1000000 * (1 + number % 977)) AS duration_ns,
    ['llm', 'llm', 'embedding', 'tool', 'agent', 'reranker'][number % 6 + 1] AS kind,
    'gateway' AS source,
    ['openai', 'anthropic'][number % 2 + 1] AS provider,
    ['gpt-4o', 'claude', ''][number % 3 + 1] AS request_model,
    ['gpt-4o-2024', ''][number % 2 + 1] AS response_model,
    ['ok', 'ok', 'ok', 'error', 'cancelled', 'cut', 'interrupted'][number % 7 + 1] AS status,
    if(number % 7 = 3, if(number % 2 = 0, 429, 500), if(number % 11 = 0, NULL, 200))::Nullable(UInt16) AS http_status,
    toUInt8(number % 2) AS is_stream,
    if(number % 13 = 0, NULL, number % 5000)::Nullable(UInt32) AS input_tokens,
    if(number % 17 = 0, NULL, number % 900)::Nullable(UInt32) AS output_tokens,
    if(number % 19 = 0, number % 300, NULL)::Nullable(UInt32) AS cache_read_tokens,
    if(number % 13 = 0, NULL, 1000 * (number % 5000))::Nullable(Int64) AS cost_nano_usd,
    if(number % 2 = 1, 500000 * (number % 801), NULL)::Nullable(UInt64) AS ttft_ns,
    if(number % 4 = 0, '', concat('user-', toString(number % 10))) AS user_id,
    ['a', 'b'] AS tags,
    map('k', toString(number)) AS attributes,
    'openai.chat' AS content_format,
    concat('{"messages":[{"role":"user","content":"question ', toString(number), '\\\\nwhere"}]}') AS input,
    '{"choices":[{"message":{"role":"assistant","content":"answer"}}]}' AS output
  FROM numbers(${from}, ${count})`;
}

/** What any ClickHouse must do for Weir; run on the embedded engine, and on a server where there is one. */
export function describeStore(name: string, options: ConformanceOptions): void {
  describe(name, () => {
    let address: ClickHouseAddress;
    let store: Store;
    const block = (select: string) => nativeBlock(address, select);
    const fresh = async () => {
      const opened = openFreshStore(address);
      await opened.migrate();
      return opened;
    };
    const discard = async (opened: Store) => {
      await opened.command(`DROP DATABASE IF EXISTS ${opened.database} SYNC`);
      await opened[Symbol.asyncDispose]();
    };

    before(async () => {
      address = await options.address();
      store = await fresh();
    });
    after(() => discard(store));

    test("answers a ping", async () => {
      assert.equal(await store.whyUnavailable(), undefined);
    });

    test("a second migration finds nothing to do", async () => {
      const all = readMigrations().map(({ number }) => number);
      assert.deepEqual(await store.migrate(), { applied: [], schemaVersion: Math.max(...all) });
      const recorded = await store.query<{ number: number }>("SELECT number FROM schema_migrations ORDER BY number");
      assert.deepEqual(
        recorded,
        all.map((number) => ({ number })),
      );
    });

    test("of processes that migrate at once, each migration is applied by one", async () => {
      const first = openFreshStore(address);
      const others = [1, 2, 3].map(() =>
        openStore({ ...address, database: first.database, telemetry: silentTelemetry }),
      );
      const reports = await Promise.all([first, ...others].map((opened) => opened.migrate()));
      const applied = reports.flatMap((report) => report.applied).sort((a, b) => a - b);
      assert.deepEqual(
        applied,
        readMigrations().map(({ number }) => number),
      );
      for (const other of others) await other[Symbol.asyncDispose]();
      await discard(first);
    });

    test("a statement of a migration that goes on behind its dead program is ended by the next", async () => {
      const opened = await fresh();
      const { url, username, password } = address;
      const abandoned = fetch(
        `${url}/?query_id=weir-migration-${opened.database}&function_sleep_max_microseconds_per_block=0`,
        {
          method: "POST",
          headers: { "x-clickhouse-user": username, "x-clickhouse-key": password },
          body: `INSERT INTO ${opened.database}.usage_user_total_1d (project_id, user_id, call_count)
          SELECT 'left', toString(number), sleepEachRow(1) FROM numbers(600)`,
        },
      );
      const isRunning = () =>
        opened.query("SELECT 1 FROM system.processes WHERE query_id = {id:String}", {
          id: `weir-migration-${opened.database}`,
        });
      while ((await isRunning()).length === 0);
      await opened.command("ALTER TABLE schema_migrations DELETE WHERE number = 18 SETTINGS mutations_sync = 1");
      assert.deepEqual((await opened.migrate()).applied, [18]);
      assert.match(await (await abandoned).text(), /QUERY_WAS_CANCELLED/);
      assert.deepEqual(await opened.query("SELECT count() AS count FROM usage_user_total_1d"), [{ count: 0 }]);
      await discard(opened);
    });

    test("data of a newer program is refused, and left alone", async () => {
      const opened = await fresh();
      await opened.command("INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, 'future', '')");
      await assert.rejects(() => opened.migrate(), coded("SCHEMA_TOO_NEW", /schema 9999/));
      await discard(opened);
    });

    for (const [table, columns] of Object.entries<Record<string, Column>>(tableColumns))
      test(`the table ${table} has the columns of the model`, async () => {
        const actual = await store.query<{ name: string; stored: string }>(
          `SELECT name, concat(type, if(compression_codec = '', '', concat(' ', compression_codec))) AS stored
           FROM system.columns WHERE database = {database:String} AND table = {table:String}
             AND default_kind != 'MATERIALIZED' ORDER BY position`,
          { database: store.database, table },
        );
        assert.deepEqual(
          actual,
          Object.entries(columns).map(([name, { stored }]) => ({ name, stored: shown(stored) })),
        );
      });

    for (const [table, words, others] of [
      [
        "spans",
        ["input_words", "output_words", "name_words", "error_words"],
        ["by_attribute_key", "by_attribute_value", "by_session", "by_span", "by_trace", "by_user"],
      ],
      ["logs", ["body_words"], ["by_severity", "by_trace"]],
    ] as const)
      test(`the indexes of ${table}`, async () => {
        const { features } = await store.capabilities();
        const indexes = await store.query<{ name: string }>(
          `SELECT name FROM system.data_skipping_indices WHERE database = {database:String} AND table = {table:String}`,
          { database: store.database, table },
        );
        const wanted = features.has("text_index") ? [...words, ...others] : others;
        assert.deepEqual(indexes.map((row) => row.name).sort(), [...wanted].sort());
      });

    test("a repeated token of points is stored once, in the rollups by minute and by hour too", async () => {
      const opened = await fresh();
      const select = `SELECT 'p' AS project_id, 90::UInt16 AS retention_days, 'm' AS metric_name, 'sum' AS type,
        'delta' AS temporality, toDateTime64('2026-11-02 00:00:00', 9, 'UTC') + number AS time,
        1::Nullable(Float64) AS value FROM numbers(500)`;
      const request = { table: "metric_points" as const, blocks: [await block(select)], rowCount: 500 };
      for (let time = 0; time < 3; time++) await opened.insert({ ...request, token: "journal:1:0-500" });
      for (const table of ["metric_points", "metric_1m", "metric_1h"]) {
        const sum = table === "metric_points" ? "sum(value)" : "sum(added_value)";
        assert.deepEqual(await opened.query(`SELECT ${sum} AS total FROM ${table}`), [{ total: 500 }], table);
      }
      await discard(opened);
    });

    test("rows come back as they were put in", async () => {
      const opened = await fresh();
      const blocks = [await block(variedRows(0, 10)), await block(variedRows(10, 5))];
      await opened.insert({ table: "spans", blocks, rowCount: 15, token: "a:1:0-1" });
      const rows = await opened.query(
        `SELECT lower(hex(span_id)) AS span, project_id, input_tokens, cost_nano_usd, tags, attributes, toUInt64(duration_ns) AS duration
         FROM spans WHERE span_id = unhex({span:String}) OR span_id = unhex('0000000000000001') ORDER BY span`,
        { span: "000000000000000f" },
      );
      const tags = ["a", "b"];
      assert.deepEqual(rows, [
        {
          span: "0000000000000001",
          project_id: "project-0",
          input_tokens: null,
          cost_nano_usd: null,
          tags,
          attributes: { k: "0" },
          duration: 1e6,
        },
        {
          span: "000000000000000f",
          project_id: "project-2",
          input_tokens: 14,
          cost_nano_usd: 14000,
          tags,
          attributes: { k: "14" },
          duration: 15e6,
        },
      ]);
      assert.deepEqual(await opened.query("SELECT count() AS n FROM spans"), [{ n: 15 }]);
      await discard(opened);
    });

    test("a repeated token is stored once, in spans and in every rollup", async () => {
      const opened = await fresh();
      const rows = [await block(variedRows(0, 1000))];
      const request = { table: "spans" as const, blocks: rows, rowCount: 1000, token: "journal:1:0-1000" };
      await opened.insert(request);
      const once = await contentsOf(opened);
      await opened.insert(request);
      await Promise.all([opened.insert(request), opened.insert(request)]);
      assert.deepEqual(await contentsOf(opened), once);
      await opened.insert({ ...request, token: "journal:1:1000-2000" });
      assert.deepEqual(await opened.query("SELECT count() AS n FROM spans"), [{ n: 2000 }]);
      await discard(opened);
    });

    test("rollups equal a recount from spans", async () => {
      const opened = await fresh();
      for (const [index, from] of [0, 800, 1600].entries())
        await opened.insert({
          table: "spans",
          blocks: [await block(variedRows(from, 800))],
          rowCount: 800,
          token: `r:${index}`,
        });
      await compareRollups(opened);
      await discard(opened);
    });

    test("an unknown cost stays unknown, and a refused call is not unknown", async () => {
      const opened = await fresh();
      const row = (name: string, columns: string) => `SELECT 'p' AS project_id, toUInt16(90) AS retention_days,
        now64(9) AS start_time, 'llm' AS kind, '${name}' AS request_model, 'u' AS user_id, ${columns}`;
      const rows = [
        row("unknown", "'ok' AS status, 200::Nullable(UInt16) AS http_status, NULL::Nullable(Int64) AS cost_nano_usd"),
        row("free", "'ok' AS status, 200::Nullable(UInt16) AS http_status, 0::Nullable(Int64) AS cost_nano_usd"),
        row(
          "refused",
          "'error' AS status, 401::Nullable(UInt16) AS http_status, NULL::Nullable(Int64) AS cost_nano_usd",
        ),
      ];
      const blocks = await Promise.all(rows.map(block));
      await opened.insert({ table: "spans", blocks, rowCount: 3, token: "unknown" });
      for (const rollup of ["usage_1m", "usage_1h", "usage_1d", "usage_user_1d"])
        assert.deepEqual(
          await opened.query(
            `SELECT model, sum(cost_nano_usd) AS cost, sum(input_tokens) AS tokens, sum(call_count) AS calls,
               sum(unknown_cost_count) AS cost_unknown, sum(unknown_usage_count) AS usage_unknown
             FROM ${rollup} GROUP BY model ORDER BY model`,
          ),
          [
            { model: "free", cost: 0, tokens: null, calls: 1, cost_unknown: 0, usage_unknown: 1 },
            { model: "refused", cost: null, tokens: null, calls: 1, cost_unknown: 0, usage_unknown: 0 },
            { model: "unknown", cost: null, tokens: null, calls: 1, cost_unknown: 1, usage_unknown: 1 },
          ],
          rollup,
        );
      await discard(opened);
    });

    test("rows that will never fit are rejected for good", async () => {
      const tenantless = await block("SELECT '' AS project_id, now64(9) AS start_time");
      const unknownColumn = await block("SELECT 'p' AS project_id, 1 AS no_such_column");
      const cases: [token: string, bytes: Uint8Array][] = [
        ["tenantless", tenantless],
        ["unknown column", unknownColumn],
        ["wrong type", await block("SELECT 'p' AS project_id, 'soon' AS start_time")],
        ["cut", tenantless.subarray(0, tenantless.length - 5)],
        ["noise", new Uint8Array(64).fill(0x5a)],
      ];
      for (const [token, bytes] of cases)
        await assert.rejects(
          () => store.insert({ table: "spans", blocks: [bytes], rowCount: 1, token }),
          coded("STORAGE_REJECTED", /refuses the rows/),
          token,
        );
      assert.deepEqual(await store.query("SELECT count() AS n FROM spans"), [{ n: 0 }]);
    });

    test("a query can only read", async () => {
      for (const sql of ["DROP TABLE spans", "INSERT INTO spans (project_id) VALUES ('p')", "SET readonly = 0"])
        await assert.rejects(() => store.query(sql), coded("STORAGE_REJECTED"), sql);
    });

    test("a query ends at its limits", async () => {
      const slow = "SELECT count() AS n FROM numbers(1000000000000) WHERE cityHash64(number) = 1";
      await assert.rejects(() => store.query(slow, {}, { timeoutMs: 300 }), coded("QUERY_TIMEOUT"));
      const large = "SELECT uniqExact(number) AS n FROM numbers(1000000000)";
      const small = openStore({
        ...address,
        database: store.database,
        telemetry: silentTelemetry,
        limits: { memoryBytes: 50e6 },
      });
      await assert.rejects(() => small.query(large), coded("QUERY_TOO_LARGE"));
      await small[Symbol.asyncDispose]();
    });

    test("lines come as they are read, past every limit of one answer, and a failure on the way is not their end", async () => {
      const place = { ...address, database: store.database, telemetry: silentTelemetry };
      await using small = openStore({ ...place, limits: { resultBytes: 1000 } });
      let rows = 0;
      for await (const some of small.lines("SELECT number, repeat('x', 100) AS text FROM numbers(20000)"))
        rows += some.length;
      assert.equal(rows, 20_000);
      const failing = "SELECT throwIf(number = 15000) AS zero FROM numbers(20000)";
      const read = async () => {
        for await (const some of small.lines(failing)) rows += some.length;
      };
      await assert.rejects(read, (error) => error instanceof CodedError);
      assert.ok(rows < 40_000);
    });

    test("an abandoned query ends in ClickHouse too", async () => {
      const marker = `marker_${store.database}`;
      const abort = new AbortController();
      const answer = store.query(
        `SELECT count() AS ${marker} FROM numbers(1000000000000) WHERE cityHash64(number) = 1`,
        {},
        { signal: abort.signal },
      );
      const running = async () => {
        const rows = await store.query<{ n: number }>(
          "SELECT count() AS n FROM system.processes WHERE query LIKE {marker:String} AND query NOT LIKE '%system.processes%'",
          { marker: `%${marker}%` },
        );
        return rows[0]?.n === 1;
      };
      await waitFor(running, true);
      const reason = new Error("the user left");
      abort.abort(reason);
      await assert.rejects(answer, reason);
      await waitFor(running, false);
    });
  });
}

/** A stored type as ClickHouse shows it back. */
const shown = (stored: string) =>
  stored.replace(
    /(\w+)(.*)Delta,/,
    (_, type: string, rest: string) => `${type}${rest}Delta(${type === "UInt32" ? 4 : 8}),`,
  );

/** Rows of every table, summed up so that one more or one fewer shows. */
export async function contentsOf(store: Store): Promise<unknown[]> {
  const sums = [
    "SELECT count() AS n, sum(cityHash64(span_id)) AS h FROM spans",
    "SELECT count() AS n, sum(cityHash64(span_id)) AS h FROM traces",
    "SELECT sum(span_count) AS n, sum(cost_nano_usd) AS h FROM trace_index",
    "SELECT sum(span_count) AS n, sum(cost_nano_usd) AS h FROM usage_user_1d",
    "SELECT sum(call_count) AS n, sum(cost_nano_usd) AS h FROM usage_user_total_1d",
    ...["usage_1m", "usage_1h", "usage_1d"].map(
      (table) => `SELECT sum(span_count) AS n, sum(cost_nano_usd) AS h,
        countMerge(arrayReduce('countState', [1])) AS one, quantilesTDigestMerge(0.5, 0.9, 0.95, 0.99)(ttft_state) AS q FROM ${table}`,
    ),
  ];
  return Promise.all(sums.map((sql) => store.query(sql)));
}

const billed = `kind IN (${[...billedKinds].map((kind) => `'${kind}'`).join(", ")})`;
const perhapsPaid = `${billed} AND NOT (status = 'error' AND ifNull(http_status, 0) >= 400 AND ifNull(http_status, 0) < 500)`;

/** What a rollup keeps: the totals per user are narrow, those per model whole. */
const whole = {
  sums: ["input_tokens", "output_tokens", "cache_read_tokens", "cost_nano_usd"],
  statuses: ["error", "cancelled", "cut", "interrupted"],
  hasQuantiles: true,
};
const narrow = { sums: ["input_tokens", "output_tokens", "cost_nano_usd"], statuses: ["error"], hasQuantiles: false };

const recounted = (sums: readonly string[]) => `count() AS spans, countIf(${billed}) AS calls,
  ${sums.map((column) => `sumIf(${column}, ${billed}) AS sum_${column}`).join(", ")},
  countIf(${perhapsPaid} AND cost_nano_usd IS NULL) AS no_cost,
  countIf(${perhapsPaid} AND (input_tokens IS NULL OR (kind = 'llm' AND output_tokens IS NULL))) AS no_usage`;

/** Every rollup against the same question asked of spans. */
export async function compareRollups(store: Store): Promise<void> {
  const model = "if(response_model = '', request_model, response_model) AS model";
  for (const [table, keys, where, kept] of [
    ["usage_1m", ["project_id", "toStartOfMinute(start_time) AS minute", "kind", "provider", model], "1", whole],
    ["usage_1h", ["project_id", "toStartOfHour(start_time) AS hour", "kind", "provider", model], "1", whole],
    ["usage_1d", ["project_id", "toDate(start_time) AS day", "kind", "provider", model], "1", whole],
    ["usage_user_1d", ["project_id", "toDate(start_time) AS day", "user_id", "kind", model], "user_id != ''", narrow],
  ] as const) {
    const names = keys.map((key) => key.split(" AS ").at(-1)).join(", ");
    const { sums, statuses, hasQuantiles } = kept;
    const wanted = await store.query(
      `SELECT ${keys.join(", ")}, ${recounted(sums)}, ${statuses.map((s) => `countIf(status = '${s}') AS ${s}`).join(", ")}
       FROM spans WHERE ${where} GROUP BY ${names} ORDER BY ${names}`,
    );
    const actual = await store.query(
      `SELECT ${names}, sum(span_count) AS spans, sum(call_count) AS calls,
         ${sums.map((column) => `sum(${column}) AS sum_${column}`).join(", ")},
         sum(unknown_cost_count) AS no_cost, sum(unknown_usage_count) AS no_usage,
         ${statuses.map((s) => `sum(${s}_count) AS ${s}`).join(", ")}
       FROM ${table} GROUP BY ${names} ORDER BY ${names}`,
    );
    assert.ok(actual.length > 10);
    assert.deepEqual(actual, wanted, table);
    if (hasQuantiles) await compareQuantiles(store, table, where);
  }
  const traceTotals = await store.query(
    `SELECT project_id, hex(trace_id) AS trace, toString(min(start_time)) AS first, toString(max(end_time)) AS last,
       sum(span_count) AS spans, sum(call_count) AS calls, sum(error_count) AS errors, sum(unfinished_count) AS unfinished,
       sum(cost_nano_usd) AS cost, sum(unknown_cost_count) AS no_cost
     FROM trace_index GROUP BY project_id, trace ORDER BY project_id, trace`,
  );
  const wantedTotals = await store.query(
    `SELECT project_id, hex(trace_id) AS trace, toString(min(start_time)) AS first,
       toString(max(addNanoseconds(start_time, duration_ns))) AS last,
       count() AS spans, countIf(${billed}) AS calls, countIf(status = 'error') AS errors,
       countIf(status NOT IN ('ok', 'error')) AS unfinished, sumIf(cost_nano_usd, ${billed}) AS cost,
       countIf(${perhapsPaid} AND cost_nano_usd IS NULL) AS no_cost
     FROM spans GROUP BY project_id, trace ORDER BY project_id, trace`,
  );
  assert.deepEqual(traceTotals, wantedTotals);
  const [userTotals, wantedUserTotals] = await Promise.all([
    store.query(userTotalsSql("usage_user_total_1d", "sum(call_count)", "1")),
    store.query(
      userTotalsSql("(SELECT *, toDate(start_time) AS day FROM spans)", "count()", `user_id != '' AND ${billed}`),
    ),
  ]);
  assert.deepEqual(userTotals, wantedUserTotals);
}

const userTotalsSql = (table: string, count: string, where: string) =>
  `SELECT project_id, day, user_id, ${count} AS calls, ${narrow.sums.map((name) => `sum(${name}) AS sum_${name}`).join(", ")}
   FROM ${table} WHERE ${where} GROUP BY project_id, day, user_id ORDER BY project_id, day, user_id`;

/** Digests of parts merge to nearly the digest of the whole. */
async function compareQuantiles(store: Store, table: string, where: string): Promise<void> {
  for (const [state, column] of [
    ["duration_state", "duration_ns"],
    ["ttft_state", "ttft_ns"],
  ] as const) {
    const [merged] = await store.query<{ q: number[] }>(
      `SELECT quantilesTDigestMerge(0.5, 0.9, 0.95, 0.99)(${state}) AS q FROM ${table}`,
    );
    const [exact] = await store.query<{ q: number[] }>(
      `SELECT quantilesExact(0.5, 0.9, 0.95, 0.99)(${column}) AS q FROM spans WHERE ${where}`,
    );
    merged?.q.forEach((value, index) => {
      const wanted = Number(exact?.q[index]);
      assert.ok(Math.abs(value - wanted) < 0.02 * wanted, `${table}.${state}[${index}]: ${value}, exactly ${wanted}`);
    });
  }
}

function coded(code: ErrorCode, message = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.code, code, `${error.message} ${String(error.cause)}`);
    return message.test(error.message);
  };
}

async function waitFor(condition: () => Promise<boolean>, wanted: boolean): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    if ((await condition()) === wanted) return;
    await sleep(20);
  }
  assert.fail(`still ${!wanted} after a minute`);
}
