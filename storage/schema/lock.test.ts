import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ClickHouseError } from "@clickhouse/client";
import { CodedError, silentTelemetry } from "@weir/model";
import { takeSchemaLock } from "./lock.ts";
import type { SchemaConnection } from "./migrate.ts";

/** The few statements that the lock needs, over a map of table names to comments. */
function tablesInMemory(): SchemaConnection & { readonly comments: Map<string, string> } {
  const comments = new Map<string, string>();
  return {
    comments,
    async query<Row>() {
      return [...comments].map(([name, comment]) => ({ name, comment })) as Row[];
    },
    async command(sql) {
      const [, create, created] = /^CREATE TABLE (\w+) .* COMMENT '(.*)'$/.exec(sql) ?? [];
      const [, alter, altered] = /^ALTER TABLE (\w+) MODIFY COMMENT '(.*)'$/.exec(sql) ?? [];
      const [, drop] = /^DROP TABLE IF EXISTS (\w+)$/.exec(sql) ?? [];
      if (create && comments.has(create)) throw taken();
      if (create) comments.set(create, created ?? "");
      else if (alter && comments.has(alter)) comments.set(alter, altered ?? "");
      else if (drop) comments.delete(drop);
      else throw new CodedError("STORAGE_REJECTED", sql);
    },
  };
}

function taken(): CodedError {
  const cause = new ClickHouseError({ message: "exists", code: "57", type: "TABLE_ALREADY_EXISTS" });
  return new CodedError("STORAGE_REJECTED", "refused", { cause });
}

const options = (connection: SchemaConnection, staleAfterMs = 20_000) => ({
  connection,
  database: "d",
  telemetry: silentTelemetry,
  staleAfterMs,
});

test("one holds the lock at a time, and all get it", async () => {
  const connection = tablesInMemory();
  let inside = 0;
  let turns = 0;
  const take = async () => {
    await using lock = await takeSchemaLock(options(connection));
    inside += 1;
    assert.equal(inside, 1);
    await sleep(5);
    await lock.check();
    inside -= 1;
    turns += 1;
  };
  await Promise.all([take(), take(), take()]);
  assert.equal(turns, 3);
  assert.equal(connection.comments.size, 1, "locks of before are removed");
});

test("the lock of a process of this machine that has ended is taken over at once", async () => {
  const connection = tablesInMemory();
  const { pid } = spawnSync(process.execPath, ["--version"]);
  connection.comments.set("schema_lock_4", `${hostname().replaceAll(/[^\w.-]/g, "_")} ${pid} 7`);
  await using _lock = await takeSchemaLock({ ...options(connection), staleAfterMs: 3_600_000 });
  assert.deepEqual([...connection.comments.keys()], ["schema_lock_5"]);
});

test("a silent holder elsewhere is succeeded after a while, by one, and then told", async () => {
  const connection = tablesInMemory();
  const silent = await takeSchemaLock({ ...options(connection), staleAfterMs: 3_600_000 });
  connection.comments.set("schema_lock_1", "elsewhere 1 0");
  const startedAt = performance.now();
  const waiting = [1, 2].map(() => takeSchemaLock(options(connection, 600)));
  const winner = await Promise.race(waiting);
  assert.ok(performance.now() - startedAt >= 600);
  await winner.check();
  await assert.rejects(() => silent.check(), /taken over/);
  await winner[Symbol.asyncDispose]();
  for (const lock of await Promise.all(waiting)) await lock[Symbol.asyncDispose]();
  await silent[Symbol.asyncDispose]();
});

test("a holder that beats is waited for", async () => {
  const connection = tablesInMemory();
  const holder = await takeSchemaLock(options(connection, 1000));
  const next = takeSchemaLock(options(connection, 1000));
  const early = await Promise.race([next.then(() => "taken"), sleep(2500, "waits")]);
  assert.equal(early, "waits");
  await holder[Symbol.asyncDispose]();
  await (await next)[Symbol.asyncDispose]();
});

test("a refusal for another reason ends the wait", async () => {
  const connection = tablesInMemory();
  connection.command = async () => {
    throw new CodedError("STORAGE_REJECTED", "no rights");
  };
  await assert.rejects(() => takeSchemaLock(options(connection)), /no rights/);
});
