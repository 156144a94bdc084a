import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, projectId, silentTelemetry } from "@weir/model";
import { everything } from "@weir/query";
import { compareRollups, contentsOf, describeStore, variedRows } from "./conformance.ts";
import { listCalls } from "./sql/list-calls.ts";
import type { SqlParams, SqlReader } from "./sql/reader.ts";
import { openStore } from "./store.ts";
import { nativeBlock, openFreshStore, startTestEngine } from "./testing.ts";

const engine = await startTestEngine();
after(() => engine[Symbol.asyncDispose]());

describeStore("embedded engine", { address: async () => engine.address });

const serverUrl = process.env["WEIR_CLICKHOUSE_URL"];
if (serverUrl !== undefined) {
  const { username, password, origin } = new URL(serverUrl);
  const user = { username: decodeURIComponent(username) || "default", password: decodeURIComponent(password) };
  describeStore("ClickHouse server", { address: async () => ({ url: origin, ...user }) });
}

test("a list of calls is read from its end, in the order of the key", async () => {
  const store = openFreshStore(engine.address);
  await store.migrate();
  await store.insert({
    table: "spans",
    blocks: [await nativeBlock(engine.address, variedRows(0, 100))],
    rowCount: 100,
    token: "plan",
  });
  const plan: string[] = [];
  const explaining: SqlReader = {
    async query<Row>(sql: string, params: SqlParams) {
      const rows = await store.query<{ explain: string }>(`EXPLAIN ${sql}`, params);
      plan.push(...rows.map(({ explain }) => explain));
      return [] as Row[];
    },
  };
  const range = { fromUnixNano: 0n, toUnixNano: BigInt(Date.now()) * 1_000_000n };
  await listCalls(explaining, projectId("project-1"), { range, filter: everything, limit: 50 });
  assert.match(
    plan.join("\n"),
    /Prefix sort description: toStartOfTenMinutes\S*\(.*start_time\) DESC.*InReverseOrder/s,
  );
  await store[Symbol.asyncDispose]();
});

describe("kill -9 of the engine", () => {
  test("in the middle of inserts, which are then repeated: each row is there once", async () => {
    const store = openFreshStore(engine.address);
    await store.migrate();
    const batches = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (index) => ({
        table: "spans" as const,
        blocks: [await nativeBlock(engine.address, variedRows(index * 4000, 4000))],
        rowCount: 4000,
        token: `kill:${index}`,
      })),
    );
    const tries = batches.map((batch, index) =>
      sleep(index * 60)
        .then(() => store.insert(batch))
        .then(
          () => "stored",
          (error: unknown) => error,
        ),
    );
    await sleep(150);
    await engine.killAndStart();
    const outcomes = await Promise.all(tries);
    const failed = outcomes.filter((outcome) => outcome !== "stored");
    assert.ok(failed.length > 0, "the kill came too late");
    for (const error of failed) assert.ok(error instanceof CodedError && error.retryable, String(error));
    for (const batch of batches) await store.insert(batch);
    for (const batch of batches) await store.insert(batch);
    const [spans] = (await contentsOf(store)) as { n: number }[][];
    assert.equal(spans?.[0]?.n, 24_000);
    await compareRollups(store);
    await store[Symbol.asyncDispose]();
  });

  test("an engine that is away is a retryable error", async () => {
    const store = openFreshStore(engine.address);
    await engine.killAndStart(async () => {
      const { url } = engine.address;
      assert.equal(await store.whyUnavailable(), `ClickHouse at ${url} is not available (ECONNREFUSED).`);
      for (const attempt of [() => store.query("SELECT 1"), () => store.migrate(), () => store.capabilities()])
        await assert.rejects(attempt, (error) => error instanceof CodedError && error.code === "STORAGE_UNAVAILABLE");
    });
    await store.migrate();
    assert.deepEqual(await store.query("SELECT 1 AS one"), [{ one: 1 }]);
    await store[Symbol.asyncDispose]();
  });

  test("a wrong password is told, and retried", async () => {
    const store = openStore({ ...engine.address, password: "wrong", database: "x", telemetry: silentTelemetry });
    await assert.rejects(
      () => store.query("SELECT 1"),
      (error) => error instanceof CodedError && error.retryable && /AUTHENTICATION_FAILED/.test(error.message),
    );
    await store[Symbol.asyncDispose]();
  });
});
