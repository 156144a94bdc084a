import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { newSpanRow, type ProjectId, projectId, type SpanRow } from "@weir/model";
import { allOf, containing, everything, type Filter, oneOf } from "@weir/query";
import { startTestStore } from "../testing.ts";
import { breakdown, getCall, getTrace, heatmap, listCalls, listTraces, metricsSummary, timeseries } from "./index.ts";
import { childOf, insertSpans, isRoot } from "./testing.ts";

const mine = projectId("mine");
const theirs = projectId("theirs");
const startMs = Date.UTC(2026, 10, 10, 5, 3, 20);
const dayMs = 86_400_000;
const nano = (ms: number) => BigInt(ms) * 1_000_000n;
const billed = ["llm", "embedding", "reranker"];

/** Any of each field's values. */
function where(fields: Readonly<Record<string, readonly string[]>>): Filter {
  return allOf(Object.entries(fields).map(([name, values]) => oneOf(name, values)));
}

const { store } = await startTestStore();

/** 14 days of all kinds of rows in two projects, most of them in traces of several spans. */
function sampleRows(): SpanRow[] {
  const made: SpanRow[] = [];
  const roots = new Map<ProjectId, SpanRow>();
  for (let index = 0; index < 3000; index++) {
    const project = index % 3 === 0 ? theirs : mine;
    const row = newSpanRow(project, "gateway", nano(startMs + index * 400_000) + BigInt(index));
    Object.assign(row, {
      kind: ["llm", "llm", "embedding", "http", "agent"][index % 5],
      provider: ["openai", "anthropic"][index % 2],
      request_model: `model-${index % 12}`,
      status: ["ok", "ok", "error", "cancelled", "cut", "interrupted", "ok"][index % 7],
      http_status: index % 2 === 0 ? 429 : 200,
      duration_ns: index * 1_000_000 + 1,
      ttft_ns: index % 4 === 0 ? null : index * 500_000,
      input_tokens: index % 10 === 0 ? null : index,
      output_tokens: index % 9 === 0 ? null : 5,
      cost_nano_usd: index % 10 === 0 ? null : 1000 + index,
      user_id: `user-${index % 5}`,
      tags: [`tag-${index % 2}`],
    });
    const root = roots.get(project);
    if (index % 6 < 2 || root === undefined) roots.set(project, row);
    made.push(index % 6 < 2 || root === undefined ? row : childOf(root, row));
  }
  return made;
}

const rows = sampleRows();
await insertSpans(store, rows);

/** Five days in the middle, beginning and ending within a minute. */
const range = { fromUnixNano: nano(startMs + 7 * dayMs), toUnixNano: nano(startMs + 12 * dayMs) };
const minuteNano = 60_000_000_000n;
const within = (row: SpanRow, from = range.fromUnixNano, to = range.toUnixNano) =>
  row.project_id === mine && row.start_time >= from && row.start_time < to;
/** Rows of the range as totals see it: widened to whole minutes. */
const counted = () =>
  rows.filter(
    (row) =>
      within(
        row,
        (range.fromUnixNano / minuteNano) * minuteNano,
        ((range.toUnixNano - 1n) / minuteNano + 1n) * minuteNano,
      ) && billed.includes(row.kind),
  );
const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

describe("totals", () => {
  test("agree with a recount of the rows", async () => {
    const { total } = await metricsSummary(store, mine, { range, filter: everything });
    const calls = counted();
    const mayCost = calls.filter((row) => !(row.status === "error" && (row.http_status ?? 0) >= 400));
    assert.equal(total.calls, calls.length);
    assert.equal(total.errors, calls.filter(({ status }) => ["error", "cut", "interrupted"].includes(status)).length);
    assert.equal(total.cancelled, calls.filter(({ status }) => status === "cancelled").length);
    assert.equal(total.input_tokens, sum(calls.map((row) => row.input_tokens)));
    assert.equal(total.output_tokens, sum(calls.map((row) => row.output_tokens)));
    assert.equal(total.cost_nano_usd, sum(calls.map((row) => row.cost_nano_usd)));
    assert.equal(total.calls_without_cost, mayCost.filter((row) => row.cost_nano_usd === null).length);
    assert.equal(total.cache_read_tokens, null, "never told is unknown, not zero");
    const durations = calls.map((row) => row.duration_ns).sort((one, other) => one - other);
    const median = durations[Math.floor(durations.length / 2)] ?? 0;
    assert.ok(Math.abs((total.duration_ns?.p50 ?? 0) - median) / median < 0.02);
  });

  test("of rollups and of spans are the same", async () => {
    const statuses = ["ok", "error", "cancelled", "cut", "interrupted"];
    const withoutQuantiles = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value, (key, field) => (/^(duration|ttft)_ns$/.test(key) ? undefined : field)),
      ) as unknown;
    const filters = [{}, { model: ["model-3", "model-4"] }, { provider: ["openai"], kind: ["http", "llm"] }];
    for (const filter of filters.map(where)) {
      const byRollup = await metricsSummary(store, mine, { range, filter });
      const bySpans = await metricsSummary(store, mine, {
        range,
        filter: allOf([filter, where({ status: statuses })]),
      });
      assert.ok(byRollup.total.calls > 0);
      assert.deepEqual(withoutQuantiles(plain(byRollup)), withoutQuantiles(plain(bySpans)));
    }
  });

  test("of data that is older than the rollup by hour are the same: the migration counts it", async () => {
    const before = await metricsSummary(store, mine, { range, filter: everything });
    for (const undone of [
      "DROP VIEW usage_1h_view",
      "TRUNCATE TABLE usage_1h",
      "ALTER TABLE schema_migrations DELETE WHERE number = 14 SETTINGS mutations_sync = 1",
    ]) {
      await store.command(undone);
    }
    const { total } = await metricsSummary(store, mine, { range, filter: everything });
    assert.ok(total.calls < before.total.calls);
    assert.deepEqual((await store.migrate()).applied, [14]);
    assert.deepEqual(plain(await metricsSummary(store, mine, { range, filter: everything })), plain(before));
  });

  test("of nothing are zero calls, no rate and no quantiles", async () => {
    const { total, by_model } = await metricsSummary(store, projectId("empty"), { range, filter: everything });
    assert.deepEqual([total.calls, total.error_rate, total.cost_nano_usd, total.duration_ns], [0, null, 0, null]);
    assert.deepEqual(by_model, []);
  });

  test("keep an unknown cost unknown", async () => {
    const project = projectId("unpriced");
    const row = {
      ...newSpanRow(project, "gateway", range.fromUnixNano),
      kind: "llm",
      input_tokens: 5,
      output_tokens: 5,
    };
    const refused = {
      ...newSpanRow(project, "gateway", range.fromUnixNano),
      kind: "llm",
      status: "error",
      http_status: 401,
    };
    await insertSpans(store, [row, refused]);
    const { total } = await metricsSummary(store, project, { range, filter: everything });
    assert.deepEqual([total.calls, total.cost_nano_usd, total.cost_usd, total.calls_without_cost], [2, null, null, 1]);
    const { data } = await listCalls(store, project, { range, filter: everything, limit: 10 });
    assert.deepEqual(
      data.map((call) => call.cost_nano_usd),
      [null, null],
    );
    const { buckets } = await timeseries(store, project, { range, filter: everything, bucketSeconds: 86_400 });
    assert.deepEqual(
      buckets.map((bucket) => bucket.cost_nano_usd),
      [null, 0, 0, 0, 0, 0],
    );
  });
});

function plain(summary: Awaited<ReturnType<typeof metricsSummary>>) {
  const { total, previous, by_model } = summary;
  return { total, previous, by_model };
}

for (const bucketSeconds of [undefined, 3600, 86_400, 604_800]) {
  test(`the buckets of ${bucketSeconds ?? "chosen"} seconds add up to the total`, async () => {
    const { total } = await metricsSummary(store, mine, { range, filter: everything });
    const series = await timeseries(store, mine, { range, filter: everything, bucketSeconds });
    assert.equal(sum(series.buckets.map((bucket) => bucket.calls)), total.calls);
    assert.equal(sum(series.buckets.map((bucket) => bucket.cost_nano_usd)), total.cost_nano_usd);
    assert.equal(sum(series.by_model.flatMap((model) => model.calls)), total.calls);
    assert.equal(sum(series.by_model.flatMap((model) => model.cost_nano_usd)), total.cost_nano_usd);
    for (const model of series.by_model) assert.equal(model.calls.length, series.buckets.length);
    const starts = series.buckets.map((bucket) => Date.parse(bucket.time));
    assert.ok((starts[0] ?? 0) <= Number(range.fromUnixNano / 1_000_000n));
    assert.deepEqual(
      starts,
      starts.map((_, index) => (starts[0] ?? 0) + index * series.bucket_seconds * 1000),
    );
  });
}

test("beyond eight models the rest are one series", async () => {
  const { by_model } = await timeseries(store, mine, { range, filter: where({ provider: ["openai", "anthropic"] }) });
  assert.ok(by_model.length <= 9);
  const models = new Set(counted().map((row) => row.request_model));
  assert.equal(
    by_model.some(({ model }) => model === "other"),
    models.size > 8,
  );
});

test("a heat map holds every measured call once", async () => {
  const durations = await heatmap(store, mine, { range, filter: everything, of: "duration_ns" });
  assert.equal(sum(durations.counts.flat()), counted().length);
  const firsts = await heatmap(store, mine, { range, filter: everything, of: "ttft_ns", bucketSeconds: 86_400 });
  assert.equal(sum(firsts.counts.flat()), counted().filter((row) => row.ttft_ns !== null).length);
  const calls = counted().map((row) => row.duration_ns);
  const least = Math.min(...calls);
  const [first = Number.NaN, second = Number.NaN] = durations.bounds_ns;
  assert.ok(first <= least && least < second);
});

const breakdownFields = [
  "model",
  "provider",
  "status",
  "kind",
  "source",
  "error_type",
  "http_status",
  "finish_reason",
  "user_id",
  "session_id",
  "api_key_id",
  "service_name",
  "environment",
  "prompt_name",
  "prompt_version",
  "tag",
] as const;
for (const by of breakdownFields) {
  test(`the values of ${by} add up to the total`, async () => {
    const { data } = await breakdown(store, mine, { range, filter: everything, by, limit: 100 });
    assert.equal(sum(data.map((entry) => entry.calls)), counted().length);
  });
}

describe("a list of calls", () => {
  test("has every call once over its pages, newest first", async () => {
    const spanIds: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listCalls(store, mine, { range, filter: everything, limit: 37, cursor });
      spanIds.push(...page.data.map((call) => call.span_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    const expected = rows.filter((row) => within(row) && row.kind !== "agent").reverse();
    assert.deepEqual(
      spanIds,
      expected.map((row) => row.span_id),
    );
  });

  test("keeps its pages while rows arrive, also within one instant", async () => {
    const project = projectId("arriving");
    const made = Array.from({ length: 6 }, () => ({
      ...newSpanRow(project, "gateway", range.fromUnixNano),
      kind: "llm",
    }));
    await insertSpans(store, made);
    const first = await listCalls(store, project, { range, filter: everything, limit: 3 });
    await insertSpans(store, [{ ...newSpanRow(project, "gateway", range.fromUnixNano + 5n), kind: "llm" }]);
    const cursor = first.next_cursor ?? "";
    const second = await listCalls(store, project, { range, filter: everything, limit: 3, cursor });
    const seen = [...first.data, ...second.data].map((call) => call.span_id);
    assert.deepEqual(seen.toSorted(), made.map((row) => row.span_id).toSorted());
    assert.equal(second.next_cursor, null);
  });

  test("shows the row as it was recorded", async () => {
    const [call] = (await listCalls(store, mine, { range, filter: everything, limit: 1 })).data;
    const row = rows.find((candidate) => candidate.span_id === call?.span_id);
    assert.ok(call && row);
    for (const [name, value] of Object.entries(call)) {
      if (!(name in row) || ["start_time", "parent_span_id", "is_entry", "is_stream"].includes(name)) continue;
      assert.deepEqual(value, row[name as keyof SpanRow], name);
    }
    assert.equal(call.is_entry, row.is_entry === 1);
    assert.match(call.start_time, /^2026-11-2\dT.*\d{9}Z$/);
  });

  for (const [field, value, matches] of [
    ["model", "model-4", (row: SpanRow) => row.request_model === "model-4"],
    ["status", "cut", (row: SpanRow) => row.status === "cut"],
    ["kind", "agent", (row: SpanRow) => row.kind === "agent"],
    ["user_id", "user-2", (row: SpanRow) => row.user_id === "user-2"],
    ["tag", "tag-1", (row: SpanRow) => row.tags.includes("tag-1")],
  ] as const) {
    test(`is narrowed by ${field}`, async () => {
      const { data } = await listCalls(store, mine, { range, filter: where({ [field]: [value] }), limit: 200 });
      const shown = field === "kind" ? rows : rows.filter((row) => row.kind !== "agent");
      const expected = shown
        .filter((row) => within(row) && matches(row))
        .reverse()
        .slice(0, 200);
      assert.ok(expected.length > 0);
      assert.deepEqual(
        data.map((call) => call.span_id),
        expected.map((row) => row.span_id),
      );
    });
  }

  test("refuses a cursor that it did not give", async () => {
    for (const cursor of ["", "x", "MTIz", Buffer.from("1.zz").toString("base64url")]) {
      await assert.rejects(listCalls(store, mine, { range, filter: everything, limit: 1, cursor }), {
        code: "BAD_REQUEST",
      });
    }
  });
});

describe("text search", () => {
  const project = projectId("search");
  const contents = {
    plain: 'He said "hello" to the Größe of 100% & under_score',
    lines: "first line\nsecond\tline",
    quote: "it's a 'quoted' thing; DROP TABLE spans --",
  };
  before(async () => {
    const made = Object.entries(contents).map(([name, content]) => ({
      ...newSpanRow(project, "gateway", range.fromUnixNano),
      kind: "llm",
      name,
      content_format: "openai.chat",
      input: JSON.stringify({ messages: [{ role: "user", content }] }),
      output: "{}",
    }));
    await insertSpans(store, made);
  });

  for (const [q, names] of [
    ["HELLO", ["plain"]],
    ['said "hello"', ["plain"]],
    ["GRÖßE", []],
    ["Größe of", ["plain"]],
    ["100%", ["plain"]],
    ["100_", []],
    ["under_score", ["plain"]],
    ["line second", ["lines"]],
    ["first line\nsecond", ["lines"]],
    ["'quoted' thing; drop", ["quote"]],
    ["' OR 1=1 --", []],
    ["lines", ["lines"]],
    ["\\", ["plain"]],
  ] as const) {
    test(`finds ${JSON.stringify(q)} in ${names.length} calls`, async () => {
      const { data } = await listCalls(store, project, { range, filter: containing("text", q), limit: 10 });
      assert.deepEqual(data.map((call) => call.name).toSorted(), [...names]);
    });
  }
});

describe("a call", () => {
  test("is found by its id, with its content, in its project alone", async () => {
    const row = {
      ...newSpanRow(mine, "gateway", range.fromUnixNano - 1n),
      kind: "llm",
      input: "é\0\n'\"",
      output: "x",
    };
    row.attributes = { key: "value", "o'dd": "\\" };
    row.price_rates = '{"input_mtok":2.5,"tiers":[1]}';
    await insertSpans(store, [row]);
    const question = { spanId: row.span_id };
    const call = await getCall(store, mine, question);
    assert.deepEqual([call?.input, call?.output, call?.attributes], [row.input, "x", row.attributes]);
    assert.deepEqual(call?.price_rates, { input_mtok: 2.5 });
    const hinted = { ...question, traceId: row.trace_id, startTimeUnixNano: row.start_time };
    assert.deepEqual(await getCall(store, mine, hinted), call);
    assert.equal(await getCall(store, theirs, question), undefined);
    assert.equal(await getCall(store, mine, { ...question, traceId: "f".repeat(32) }), undefined);
  });
});

test("calls that no day has a page of are found wherever they lie, in order", async () => {
  const project = projectId("rare");
  const year = 365n * 24n * 3_600_000_000_000n;
  const starts = [0n, 1n, 2n, 30n, 60n].map((years) => range.fromUnixNano + years * year);
  const spans = starts.map((start, index) => ({
    ...newSpanRow(project, "gateway", start),
    kind: "llm",
    name: `${index}`,
  }));
  await insertSpans(store, spans as SpanRow[]);
  for (const [years, order, wanted] of [
    [3n, "newest", ["2", "1", "0"]],
    [70n, "newest", ["4", "3", "2", "1", "0"]],
    [70n, "oldest", ["0", "1", "2", "3", "4"]],
  ] as const) {
    const whole = { fromUnixNano: range.fromUnixNano, toUnixNano: range.fromUnixNano + years * year };
    const { data } = await listCalls(store, project, { range: whole, filter: everything, limit: 10, order });
    assert.deepEqual(
      data.map(({ name }) => name),
      wanted,
    );
  }
});

test("a call and its trace are listed with the previews that came with the row", async () => {
  const project = projectId("previews");
  const row = { ...newSpanRow(project, "gateway", range.fromUnixNano), kind: "llm", is_entry: 1 } as const;
  const previews = { input_preview: "asked", output_preview: "answered" };
  await insertSpans(store, [{ ...row, ...previews }]);
  for (const list of [listCalls, listTraces]) {
    const [first] = (await list(store, project, { range, filter: everything, limit: 1 })).data;
    assert.deepEqual([first?.input_preview, first?.output_preview], ["asked", "answered"]);
  }
});

describe("traces", () => {
  test("are listed once each, with the totals of their spans", async () => {
    const traces = [];
    let cursor: string | undefined;
    do {
      const page = await listTraces(store, mine, { range, filter: everything, limit: 23, cursor });
      traces.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    const roots = rows.filter((row) => within(row) && isRoot(row)).reverse();
    assert.deepEqual(
      traces.map((trace) => trace.trace_id),
      roots.map((row) => row.trace_id),
    );
    for (const trace of traces) {
      const spans = rows.filter((row) => row.trace_id === trace.trace_id);
      const calls = spans.filter((row) => billed.includes(row.kind));
      assert.equal(trace.span_count, spans.length);
      assert.equal(trace.error_count, spans.filter(({ status }) => status === "error").length);
      const costs = calls.map((row) => row.cost_nano_usd);
      if (costs.some((cost) => cost !== null)) assert.equal(trace.cost_nano_usd, sum(costs));
      assert.deepEqual(trace.models, [...new Set(calls.map((row) => row.request_model))].toSorted());
    }
  });

  test("with several entry spans are shown by the one without a parent", async () => {
    const project = projectId("entries");
    const root = { ...newSpanRow(project, "rest", range.fromUnixNano + 1000n), name: "root", kind: "agent" };
    const calls = [1n, 2000n].map((offset) => ({
      ...childOf(root, { ...newSpanRow(project, "gateway", range.fromUnixNano + offset), kind: "llm", name: "remote" }),
      is_entry: 1,
    }));
    await insertSpans(store, [...calls, root]);
    for (const limit of [1, 2, 50]) {
      const { data } = await listTraces(store, project, { range, filter: everything, limit });
      assert.deepEqual(
        data.map(({ name, span_count }) => [name, span_count]),
        [["root", 3]],
      );
    }
  });

  test("have their spans in order, in their project alone", async () => {
    const root = rows.find((row) => within(row) && rows.filter(({ trace_id }) => trace_id === row.trace_id).length > 3);
    assert.ok(root);
    const spans = rows.filter((row) => row.trace_id === root.trace_id);
    const question = { traceId: root.trace_id, withContent: false };
    const trace = await getTrace(store, mine, question);
    assert.deepEqual(
      trace?.spans.map((span) => span.span_id),
      spans.map((row) => row.span_id),
    );
    assert.equal(trace?.span_count, spans.length);
    assert.equal("input" in (trace?.spans[0] ?? {}), false);
    const whole = await getTrace(store, mine, { ...question, withContent: true });
    assert.deepEqual(
      whole?.spans.map((span) => span.input),
      spans.map(() => ""),
    );
    assert.equal(await getTrace(store, theirs, question), undefined);
  });

  test("usage and cost of a trace in which no call told any are unknown, not zero", async () => {
    const project = projectId("untold");
    const atNano = nano(startMs);
    const agent = { ...newSpanRow(project, "rest", atNano), kind: "agent" } as const;
    const refused = {
      ...newSpanRow(project, "gateway", atNano),
      kind: "llm",
      status: "error",
      http_status: 400,
    } as const;
    await insertSpans(store, [agent, refused]);
    for (const { trace_id } of [agent, refused]) {
      const trace = await getTrace(store, project, { traceId: trace_id, withContent: false });
      const { input_tokens, output_tokens, cost_nano_usd, cost_usd, calls_without_cost } = trace ?? {};
      assert.deepEqual([input_tokens, output_tokens, cost_nano_usd, cost_usd], [null, null, null, null]);
      assert.equal(calls_without_cost, 0);
    }
  });
});
