import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { newSpanRow, projectId, type SpanRow } from "@weir/model";
import { checkAggregation } from "@weir/query";
import type { Store } from "../store.ts";
import { openFreshStore, startTestEngine, type TestEngine } from "../testing.ts";
import { aggregate, aggregateStatement } from "./aggregate.ts";
import { insertSpans } from "./testing.ts";

const mine = projectId("mine");
const startNano = BigInt(Date.UTC(2026, 10, 20, 12)) * 1_000_000n;
const range = { fromUnixNano: startNano, toUnixNano: startNano + 3_600_000_000_000n };

const rows: SpanRow[] = Array.from({ length: 120 }, (_, index) => ({
  ...newSpanRow(
    projectId(index % 10 === 9 ? "theirs" : "mine"),
    "gateway",
    startNano + BigInt(index) * 30_000_000_000n,
  ),
  kind: index % 10 === 8 ? "tool" : "llm",
  request_model: ["a", "b"][index % 2] ?? "",
  duration_ns: 1_000_000 * (1 + (index % 10)),
  ttft_ns: index % 4 === 0 ? null : 1_000_000,
  input_tokens: 10,
  cost_nano_usd: index % 5 === 0 ? null : 1000,
  user_id: `user-${index % 3}`,
  tags: ["x", ...(index % 2 === 0 ? ["y"] : [])],
  attributes: { n: String(index % 10), tier: index % 2 === 0 ? "gold" : "" },
}));
const counted = rows.filter((row) => row.project_id === "mine" && row.kind === "llm");
const sumOf = (some: SpanRow[], of: (row: SpanRow) => number | null) =>
  some.reduce((sum, row) => sum + (of(row) ?? 0), 0);

const questions: Record<string, unknown> = {
  "a count": { select: ["count()"] },
  "rollups by model and minute": {
    select: ["count()", "sum(cost)", "p50(duration)", "p99(ttft)"],
    group_by: ["model"],
    bucket_seconds: 60,
    order_by: ["time", "-sum(cost)"],
  },
  "rollups of some models": { select: ["count()"], group_by: ["model"], filter: "model:(a,c)" },
  "spans by user": {
    select: ["count()", "sum(cost)", "avg(duration)", "max(duration)", "min(duration)"],
    group_by: ["user"],
    order_by: ["-count()"],
  },
  "by tag": { select: ["count()"], group_by: ["tag"] },
  "by an attribute": { select: ["count()", "sum(@n)", "uniq(user)"], group_by: ["@tier"] },
  "by what is a number": { select: ["count()"], group_by: ["http_status", "stream"] },
  "short buckets": { select: ["count()"], bucket_seconds: 45, limit: 5 },
  having: { select: ["count()"], group_by: ["user"], having: [{ measure: "count()", op: ">", value: 1000 }] },
  "kinds of its own": { select: ["count()"], group_by: ["kind"], filter: "kind:(llm,tool)" },
  "nothing found": { select: ["count()", "avg(cost)", "p95(ttft)", "sum(@n)"], filter: "user:nobody" },
  "an hour of whole days": { select: ["sum(cost)"], bucket_seconds: 86_400 },
};

const golden = new URL("./aggregate.golden.json", import.meta.url);

test("each aggregation has the SQL and the bindings of the golden file (UPDATE_GOLDEN=1 writes it)", () => {
  const actual = Object.entries(questions).map(([name, json]) => {
    const { sql, params } = aggregateStatement(mine, { range, aggregation: checkAggregation(json) });
    return { name, sql: sql.split("\n"), params };
  });
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, `${JSON.stringify(actual, null, 1)}\n`);
  assert.deepEqual(actual, JSON.parse(readFileSync(golden, "utf8")));
});

describe("on the engine", () => {
  let engine: TestEngine;
  let store: Store;
  before(async () => {
    engine = await startTestEngine();
    store = openFreshStore(engine.address);
    await store.migrate();
    await insertSpans(store, rows);
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  const ask = (name: string) => aggregate(store, mine, { range, aggregation: checkAggregation(questions[name]) });

  test("every question is answered", async () => {
    for (const name of Object.keys(questions)) assert.ok(Array.isArray((await ask(name)).data), name);
  });

  test("a count is of the calls of models", async () => {
    assert.deepEqual((await ask("a count")).data, [{ group: {}, values: { "count()": counted.length } }]);
  });

  test("buckets of groups add up", async () => {
    const { data } = await ask("rollups by model and minute");
    assert.equal(
      data.reduce((sum, row) => sum + (row.values["count()"] ?? 0), 0),
      counted.length,
    );
    assert.equal(
      data.reduce((sum, row) => sum + (row.values["sum(cost_nano_usd)"] ?? 0), 0),
      sumOf(counted, (row) => row.cost_nano_usd),
    );
    assert.deepEqual(
      data.map(({ time }) => time),
      data.map(({ time }) => time).toSorted(),
    );
    assert.deepEqual(new Set(data.map(({ group }) => group["model"])), new Set(["a", "b"]));
  });

  test("figures by user are those of its rows", async () => {
    const { data } = await ask("spans by user");
    assert.equal(data.length, 3);
    for (const { group, values } of data) {
      const own = counted.filter((row) => row.user_id === group["user_id"]);
      const durations = own.map((row) => row.duration_ns);
      assert.equal(values["count()"], own.length);
      assert.equal(
        values["sum(cost_nano_usd)"],
        sumOf(own, (row) => row.cost_nano_usd),
      );
      assert.equal(values["max(duration_ns)"], Math.max(...durations));
      assert.equal(values["min(duration_ns)"], Math.min(...durations));
      assert.ok(Math.abs((values["avg(duration_ns)"] ?? 0) - sumOf(own, (row) => row.duration_ns) / own.length) < 1);
    }
  });

  test("tags, attributes and numbers group", async () => {
    assert.deepEqual(
      (await ask("by tag")).data.map(({ group, values }) => [group["tags"], values["count()"]]),
      [
        ["x", counted.length],
        ["y", counted.filter((row) => row.tags.includes("y")).length],
      ],
    );
    const gold = (await ask("by an attribute")).data.find(({ group }) => group["attributes.tier"] === "gold");
    assert.equal(
      gold?.values["sum(attributes.n)"],
      sumOf(
        counted.filter((row) => row.attributes["tier"] === "gold"),
        (row) => Number(row.attributes["n"]),
      ),
    );
    assert.equal(gold?.values["uniq(user_id)"], 3);
    assert.deepEqual((await ask("by what is a number")).data[0]?.group, { http_status: "", is_stream: "0" });
  });

  test("more groups than the limit are told", async () => {
    const { data, is_truncated } = await ask("short buckets");
    assert.deepEqual([data.length, is_truncated], [5, true]);
    assert.equal((await ask("having")).data.length, 0);
  });

  test("kinds that are named count, and unknown is null", async () => {
    assert.deepEqual(
      (await ask("kinds of its own")).data.map(({ group }) => group["kind"]),
      ["llm", "tool"],
    );
    assert.deepEqual((await ask("nothing found")).data, [
      {
        group: {},
        values: { "count()": 0, "avg(cost_nano_usd)": null, "p95(ttft_ns)": null, "sum(attributes.n)": null },
      },
    ]);
  });

  describe("of users over days", () => {
    const people = projectId("people");
    const hourNano = 3_600_000_000_000n;
    const days = { fromUnixNano: startNano - 100n * hourNano, toUnixNano: startNano - 4n * hourNano };
    // Some before the range, some in its first and last part of a day, most in between; some of nobody.
    const spread = Array.from({ length: 130 }, (_, index) => ({
      ...newSpanRow(people, "gateway", startNano - BigInt(index) * hourNano),
      kind: index % 10 === 8 ? "tool" : "llm",
      request_model: ["a", "b"][index % 2] ?? "",
      input_tokens: index,
      cost_nano_usd: index % 5 === 0 ? null : 1000 + index,
      user_id: index % 4 === 3 ? "" : `user-${index % 4}`,
    }));
    const named = spread.filter(
      ({ start_time, kind, user_id }) =>
        start_time >= days.fromUnixNano && start_time < days.toUnixNano && kind === "llm" && user_id !== "",
    );
    before(() => insertSpans(store, spread));
    const query = (json: object) => ({ range: days, aggregation: checkAggregation(json) });
    const tableOf = (json: object) => /\busage_user\w*/.exec(aggregateStatement(people, query(json)).sql)?.[0];
    const top = { select: ["count()", "sum(cost)", "sum(input_tokens)"], group_by: ["user", "model"] };

    test("whole days come from their rollup, the ends of the range from spans", async () => {
      const question = { ...top, filter: "user:*" };
      assert.equal(tableOf(question), "usage_user_1d");
      const { data } = await aggregate(store, people, query(question));
      assert.equal(data.length, new Set(named.map(({ user_id, request_model }) => user_id + request_model)).size);
      for (const { group, values } of data) {
        const own = named.filter((row) => row.user_id === group["user_id"] && row.request_model === group["model"]);
        const cost = sumOf(own, (row) => row.cost_nano_usd);
        const tokens = sumOf(own, (row) => row.input_tokens);
        assert.deepEqual(Object.values(values), [own.length, cost, tokens]);
      }
    });

    test("totals of users alone come from a smaller one", async () => {
      const question = { ...top, group_by: ["user"], filter: "user:*" };
      assert.equal(tableOf(question), "usage_user_total_1d");
      const { data } = await aggregate(store, people, query(question));
      assert.equal(data.length, new Set(named.map(({ user_id }) => user_id)).size);
      for (const { group, values } of data) {
        const own = named.filter((row) => row.user_id === group["user_id"]);
        const cost = sumOf(own, (row) => row.cost_nano_usd);
        assert.deepEqual(Object.values(values), [own.length, cost, sumOf(own, (row) => row.input_tokens)]);
      }
    });

    test("a range of whole days has no ends", async () => {
      const dayNano = 24n * hourNano;
      const firstNano = (startNano / dayNano - 3n) * dayNano;
      const whole = { fromUnixNano: firstNano, toUnixNano: firstNano + 3n * dayNano };
      const question = { ...top, select: ["count()"], group_by: ["user"], filter: "user:user-1" };
      const { data } = await aggregate(store, people, { range: whole, aggregation: checkAggregation(question) });
      const own = spread.filter(
        ({ start_time, kind, user_id }) =>
          start_time >= whole.fromUnixNano && start_time < whole.toUnixNano && kind === "llm" && user_id === "user-1",
      );
      assert.deepEqual(data, [{ group: { user_id: "user-1" }, values: { "count()": own.length } }]);
    });

    test("kinds that are named are not in it", async () => {
      const question = { ...top, group_by: ["user"], filter: "user:* kind:tool" };
      assert.equal(tableOf(question), "usage_user_1d");
      const { data } = await aggregate(store, people, query(question));
      assert.ok(data.length > 0);
    });

    test("of data that is older than it, it is counted by its migration", async () => {
      const ask = () => aggregate(store, people, query({ ...top, group_by: ["user"], filter: "user:*" }));
      const before = await ask();
      for (const undone of [
        "DROP VIEW usage_user_total_1d_view",
        "TRUNCATE TABLE usage_user_total_1d",
        "ALTER TABLE schema_migrations DELETE WHERE number = 18 SETTINGS mutations_sync = 1",
      ]) {
        await store.command(undone);
      }
      assert.notDeepEqual((await ask()).data, before.data);
      assert.deepEqual((await store.migrate()).applied, [18]);
      assert.deepEqual(await ask(), before);
    });

    for (const [name, json] of Object.entries({
      "calls of nobody": top,
      "a figure that it does not have": { ...top, filter: "user:*", select: ["avg(cost)"] },
      "a field that it does not have": { ...top, filter: "user:* status:ok" },
      "a group that it does not have": { ...top, filter: "user:*", group_by: ["user", "status"] },
      hours: { ...top, filter: "user:*", bucket_seconds: 3600 },
      "a user or something else": { ...top, filter: "user:user-1 OR model:a" },
    }))
      test(`${name}: from spans alone`, () => assert.equal(tableOf(json), undefined));
  });
});
