import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, silentTelemetry } from "@weir/model";
import { compareRollups, contentsOf, describeStore, variedRows } from "./conformance.ts";
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

describe("kill -9 of the engine", () => {
  test("in the middle of inserts, which are then repeated: each row is there once", async () => {
    const store = openFreshStore(engine.address);
    await store.migrate();
    const batches = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (index) => ({
        table: "spans" as const,
        blocks: [await nativeBlock(engine.address, variedRows(index * 20_000, 20_000))],
        rowCount: 20_000,
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
    assert.equal(spans?.[0]?.n, 120_000);
    await compareRollups(store);
    await store[Symbol.asyncDispose]();
  });

  test("an engine that is away is a retryable error", async () => {
    const store = openFreshStore(engine.address);
    await engine.killAndStart(async () => {
      assert.equal(await store.ping(), false);
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
