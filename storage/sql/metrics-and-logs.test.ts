import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import {
  type LogRow,
  type MetricPointRow,
  type MetricType,
  newLogRow,
  newMetricPointRow,
  type ProjectId,
  projectId,
} from "@weir/model";
import { parseFilter } from "@weir/query";
import { startTestStore } from "../testing.ts";
import {
  getMetric,
  type ListLogsQuestion,
  listLogs,
  listMetrics,
  type QueryMetricQuestion,
  queryMetric,
} from "./index.ts";
import { insertRows } from "./testing.ts";

const mine = projectId("mine");
const theirs = projectId("theirs");
const startSeconds = Date.UTC(2026, 10, 9, 0, 0, 0) / 1000;
const nano = (seconds: number) => BigInt(startSeconds + seconds) * 1_000_000_000n;
const range = (from: number, to: number) => ({ fromUnixNano: nano(from), toUnixNano: nano(to) });

const { store } = await startTestStore();

function pointOf(type: MetricType, seconds: number, changes: Partial<MetricPointRow>, project: ProjectId = mine) {
  return { ...newMetricPointRow(project, "m", type, nano(seconds)), ...changes };
}

let metricNumber = 0;
/** Stores the points as a metric of their own, and asks it. */
async function ask(points: readonly MetricPointRow[], question: Partial<QueryMetricQuestion>) {
  const name = `metric-${metricNumber++}`;
  await insertRows(
    store,
    "metric_points",
    points.map((point) => ({ ...point, metric_name: name })),
  );
  return queryMetric(store, mine, {
    name,
    range: range(0, 240),
    labels: {},
    groupBy: [],
    aggregation: "sum",
    stepSeconds: 60,
    limit: 10,
    ...question,
  });
}

const values = ({ series }: Awaited<ReturnType<typeof ask>>) => series.map((one) => one.values);

const cumulative = { temporality: "cumulative", is_monotonic: 1, start_time: nano(0) };
const delta = { temporality: "delta", is_monotonic: 1 };
const a = { attributes: { host: "a" } };
const b = { attributes: { host: "b" } };

/** Seen every 30 s: 10 a step for two steps, then the process starts anew. */
const restarted = [
  pointOf("sum", 30, { ...cumulative, value: 5 }),
  pointOf("sum", 59, { ...cumulative, value: 10 }),
  pointOf("sum", 90, { ...cumulative, value: 20 }),
  pointOf("sum", 130, { ...cumulative, start_time: nano(125), value: 3 }),
  pointOf("sum", 190, { ...cumulative, start_time: nano(125), value: 7 }),
];
const untoldStart = restarted.map((point) => ({ ...point, start_time: 0n }));
const histogram = (seconds: number, counts: number[], changes: Partial<MetricPointRow> = {}) =>
  pointOf("histogram", seconds, {
    ...cumulative,
    bucket_bounds: [10, 20],
    bucket_counts: counts,
    count: counts.reduce((sum, count) => sum + count, 0),
    sum: counts.reduce((sum, count, index) => sum + count * index * 10, 0),
    ...changes,
  });
const exponential = (seconds: number, scale: number, offset: number, counts: number[], changes = {}) =>
  pointOf("exponential_histogram", seconds, {
    ...cumulative,
    scale,
    positive_offset: offset,
    positive_counts: counts,
    count: counts.reduce((sum, count) => sum + count, 0),
    ...changes,
  });

describe("a metric in steps of a minute", () => {
  for (const [name, points, question, wanted] of [
    ["a counter's increase, over a restart", restarted, { aggregation: "increase" }, [[10, 10, 3, 4]]],
    ["its rate a second", restarted, { aggregation: "rate" }, [[10 / 60, 10 / 60, 3 / 60, 4 / 60]]],
    [
      "a counter that tells no start: the first value is none, a fall is a restart",
      untoldStart,
      { aggregation: "increase" },
      [[5, 10, 3, 4]],
    ],
    [
      "a counter begun long before: what it had reached is not counted",
      [
        pointOf("sum", 10, { ...cumulative, start_time: nano(-90_000), value: 1000 }),
        pointOf("sum", 70, { ...cumulative, start_time: nano(-90_000), value: 1004 }),
      ],
      { aggregation: "increase" },
      [[0, 4, null, null]],
    ],
    [
      "the value before the range is what the first has grown from",
      [
        pointOf("sum", -30, { ...cumulative, start_time: nano(-90_000), value: 990 }),
        pointOf("sum", 10, { ...cumulative, start_time: nano(-90_000), value: 1000 }),
      ],
      { aggregation: "increase" },
      [[10, null, null, null]],
    ],
    [
      "delta values are added up",
      [pointOf("sum", 5, { ...delta, value: 2 }), pointOf("sum", 6, { ...delta, value: 3 })],
      { aggregation: "sum" },
      [[5, null, null, null]],
    ],
    [
      "a gauge's average without what is no number",
      [
        pointOf("gauge", 1, { value: 1 }),
        pointOf("gauge", 2, { value: 3 }),
        pointOf("gauge", 3, { value: Number.NaN }),
        pointOf("gauge", 4, { value: Number.POSITIVE_INFINITY }),
        pointOf("gauge", 5, { value: null, flags: 1 }),
      ],
      { aggregation: "avg" },
      [[2, null, null, null]],
    ],
    [
      "a gauge's sum over series, each with its average",
      [
        pointOf("gauge", 1, { value: 1, ...a }),
        pointOf("gauge", 2, { value: 3, ...a }),
        pointOf("gauge", 3, { value: 5, ...b }),
      ],
      { aggregation: "sum" },
      [[7, null, null, null]],
    ],
    [
      "groups and filters by labels",
      [
        pointOf("gauge", 1, { value: 1, ...a }),
        pointOf("gauge", 2, { value: 3, ...b }),
        pointOf("gauge", 3, { value: 9 }),
      ],
      { aggregation: "max", groupBy: ["host"], labels: { host: ["a", "b"] } },
      [
        [3, null, null, null],
        [1, null, null, null],
      ],
    ],
    [
      "a sum that falls has levels and changes",
      [
        pointOf("sum", 1, { ...cumulative, is_monotonic: 0, value: 8 }),
        pointOf("sum", 61, { ...cumulative, is_monotonic: 0, value: 5 }),
      ],
      { aggregation: "increase" },
      [[8, -3, null, null]],
    ],
    [
      "a histogram's median, of what each step added",
      [histogram(10, [10, 0, 0]), histogram(70, [10, 10, 0]), histogram(130, [10, 10, 1])],
      { aggregation: "p50" },
      [[5, 15, 20, null]],
    ],
    [
      "a histogram's count and average",
      [histogram(10, [10, 0, 0]), histogram(70, [10, 10, 0])],
      { aggregation: "avg" },
      [[0, 10, null, null]],
    ],
    [
      "delta histograms of two senders are merged",
      [
        histogram(10, [4, 0, 0], { temporality: "delta", start_time: nano(0), ...a }),
        histogram(20, [0, 4, 0], { temporality: "delta", start_time: nano(10), ...b }),
      ],
      { aggregation: "p50" },
      [[10, null, null, null]],
    ],
    [
      "an exponential histogram whose scale falls: buckets of 2 to 4, then of 1 to 4",
      [exponential(10, 0, 1, [10]), exponential(70, -1, 0, [20])],
      { aggregation: "p99" },
      [[4 ** 0.99, 4 ** 0.99, null, null]],
    ],
    [
      "a summary's average",
      [
        pointOf("summary", 10, { ...cumulative, count: 4, sum: 10 }),
        pointOf("summary", 70, { ...cumulative, count: 6, sum: 20 }),
      ],
      { aggregation: "avg" },
      [[2.5, 5, null, null]],
    ],
  ] as const satisfies [string, MetricPointRow[], Partial<QueryMetricQuestion>, (number | null)[][]][]) {
    test(name, async () => assert.deepEqual(values(await ask(points, question)), wanted));
  }

  for (const [type, aggregation] of [
    ["gauge", "rate"],
    ["gauge", "p95"],
    ["summary", "p95"],
  ] as const) {
    test(`a ${type} has no ${aggregation}, and the answer says what it has`, async () => {
      await assert.rejects(() => ask([pointOf(type, 1, { value: 1 })], { aggregation }), {
        code: "BAD_REQUEST",
        message: /has no (rate|p95); it has/,
      });
    });
  }

  test("an unknown metric is not found", async () => {
    await assert.rejects(() => ask([], {}), { code: "NOT_FOUND" });
  });
});

test("points, the rollup by minute and the rollup by hour tell the same", async () => {
  const days = 3;
  const points: MetricPointRow[] = [];
  for (let minute = 0; minute < days * 1440; minute += 10) {
    const restart = Math.floor(minute / 700) * 700;
    const counts = [minute - restart + 1, Math.floor((minute - restart) / 2), 0];
    points.push(histogram(minute * 60 + 30, counts, { start_time: nano(restart * 60) }));
  }
  const whole = range(0, days * 86_400);
  const first = await ask(points, { range: whole, stepSeconds: 7200, aggregation: "increase" });
  const name = `metric-${metricNumber - 1}`;
  const asked = { name, labels: {}, groupBy: [], limit: 10 };
  const totals: number[] = [];
  const sum = (answer: Awaited<ReturnType<typeof ask>>) =>
    values(answer)
      .flat()
      .reduce<number>((total, value) => total + (value ?? 0), 0);
  totals.push(sum(first));
  totals.push(
    sum(await queryMetric(store, mine, { ...asked, range: whole, stepSeconds: 300, aggregation: "increase" })),
  );
  let byPoints = 0;
  for (let hour = 0; hour < days * 24; hour += 6) {
    const part = range(hour * 3600, (hour + 6) * 3600);
    byPoints += sum(
      await queryMetric(store, mine, { ...asked, range: part, stepSeconds: 600, aggregation: "increase" }),
    );
  }
  totals.push(byPoints);
  assert.ok(totals[0]);
  assert.deepEqual(totals, [totals[0], totals[0], totals[0]]);
  const medians = await queryMetric(store, mine, { ...asked, range: whole, stepSeconds: 7200, aggregation: "p90" });
  assert.ok(medians.series[0]?.values.every((value) => value !== null && value > 0 && value <= 20));
});

test("metrics are listed and described, of the project alone", async () => {
  const exemplars = {
    exemplar_times: [nano(3)],
    exemplar_values: [0.5],
    exemplar_trace_ids: ["0af7651916cd43dd8448eb211c80319c"],
    exemplar_span_ids: ["00f067aa0ba902b7"],
  };
  const known = { metric_name: "known", unit: "s", service_name: "shop", resource: { "host.name": "h" }, ...exemplars };
  await insertRows(store, "metric_points", [
    pointOf("gauge", 3, { ...known, value: 1, ...a }),
    pointOf("gauge", 4, { ...known, value: 1, ...b }),
    pointOf("gauge", 4, { metric_name: "known", value: 1, attributes: { secret: "theirs" } }, theirs),
  ]);
  const listed = await listMetrics(store, mine, { range: range(0, 60), name: "known" });
  assert.deepEqual(
    listed.map(({ name, type, unit, series_count, service_names, last_seen }) => [
      name,
      type,
      unit,
      series_count,
      service_names,
      last_seen,
    ]),
    [["known", "gauge", "s", 2, ["shop"], "2026-11-09T00:00:04.000000000Z"]],
  );
  const detail = await getMetric(store, mine, { range: range(0, 60), name: "known" });
  assert.deepEqual(detail.labels, [
    { name: "host", values: ["a", "b"], value_count: 2 },
    { name: "service_name", values: ["shop"], value_count: 1 },
    { name: "resource.host.name", values: ["h"], value_count: 1 },
  ]);
  assert.equal(detail.series.length, 2);
  assert.deepEqual(detail.exemplars[0], {
    time: "2026-11-09T00:00:03.000000000Z",
    value: 0.5,
    trace_id: exemplars.exemplar_trace_ids[0],
    span_id: exemplars.exemplar_span_ids[0],
  });
});

describe("metrics by a filter", () => {
  const day = range(0, 3 * 86_400);
  const series = [
    pointOf("gauge", 3, { metric_name: "shop.cart.size", service_name: "shop", value: 1, ...a }),
    pointOf("gauge", 4, { metric_name: "shop.cart.size", service_name: "shop", value: 2, ...b }),
    pointOf("gauge", 5, { metric_name: "http.server.duration", service_name: "proxy", environment: "prod", value: 1 }),
  ];
  const project = projectId("filtered-metrics");
  before(() =>
    insertRows(
      store,
      "metric_points",
      series.map((row) => ({ ...row, project_id: project })),
    ),
  );

  for (const [filter, names] of [
    ["", ["http.server.duration", "shop.cart.size"]],
    ["service:shop", ["shop.cart.size"]],
    ["attributes.host:a", ["shop.cart.size"]],
    ["env:prod or attributes.host:b", ["http.server.duration", "shop.cart.size"]],
    ["not service:shop", ["http.server.duration"]],
    ["name:http.*", ["http.server.duration"]],
    ["cart", ["shop.cart.size"]],
    ["nowhere", []],
  ] as const) {
    test(`"${filter}" lists ${names.join(", ") || "none"}`, async () => {
      const listed = await listMetrics(store, project, { range: day, filter: parseFilter(filter) });
      assert.deepEqual(
        listed.map(({ name }) => name),
        names,
      );
    });
  }

  for (const stepSeconds of [60, 3600, 50]) {
    test(`a step of ${stepSeconds} s has the series that match`, async () => {
      const answer = await queryMetric(store, project, {
        name: "shop.cart.size",
        range: stepSeconds === 50 ? range(0, 50) : day,
        labels: {},
        filter: parseFilter("attributes.host:b service:shop"),
        groupBy: ["host"],
        aggregation: "max",
        stepSeconds: stepSeconds === 60 ? 300 : stepSeconds,
        limit: 10,
      });
      assert.deepEqual(
        answer.series.map(({ labels, values }) => [labels, values[0]]),
        [[{ host: "b" }, 2]],
      );
    });
  }

  test("a field that metrics do not have is named", async () => {
    const filter = parseFilter("model:gpt-4o");
    const refused = { code: "FILTER_INVALID", message: /metrics have no field "model"/ };
    await assert.rejects(() => listMetrics(store, project, { range: day, filter }), refused);
  });
});

describe("log records", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const logOf = (seconds: number, changes: Partial<LogRow>, project: ProjectId = mine) => ({
    ...newLogRow(project, nano(seconds)),
    ...changes,
  });
  before(() =>
    insertRows(store, "logs", [
      logOf(1, { sequence: 1, body: "first 100% sure", severity_number: 9, service_name: "shop" }),
      logOf(2, { sequence: 2, body: "second", severity_number: 17, trace_id: traceId, attributes: { k: "v" } }),
      logOf(2, { sequence: 3, body: "third", severity_number: 13 }),
      logOf(2, { sequence: 9, body: "their secret", trace_id: traceId }, theirs),
    ]),
  );
  const list = (question: Partial<ListLogsQuestion>) =>
    listLogs(store, mine, { range: range(0, 60), filter: {}, limit: 10, ...question });

  for (const [name, filter, bodies] of [
    ["all, the newest first", {}, ["third", "second", "first 100% sure"]],
    ["of a severity and above", { severity_from: 13 }, ["third", "second"]],
    ["of a service", { service_name: ["shop"] }, ["first 100% sure"]],
    ["of a trace", { trace_id: traceId }, ["second"]],
    ["with an attribute", { attributes: { k: ["v", "w"] } }, ["second"]],
    ["with a text, whatever its case", { q: "FIRST 100%" }, ["first 100% sure"]],
    ["never another project's", { q: "their secret" }, []],
  ] as const) {
    test(name, async () =>
      assert.deepEqual(
        (await list({ filter })).data.map(({ body }) => body),
        bodies,
      ),
    );
  }

  test("are paged without loss, records of one instant too", async () => {
    const bodies: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const page = await list({ limit: 1, cursor });
      bodies.push(...page.data.map(({ body }) => body));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    assert.deepEqual(bodies, ["third", "second", "first 100% sure"]);
    await assert.rejects(() => list({ cursor: "nonsense" }), { code: "BAD_REQUEST" });
  });
});
