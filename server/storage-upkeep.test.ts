import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CodedError, newSpanRow, projectId, silentTelemetry } from "@weir/model";
import { createBlockWriter, openJournal } from "@weir/pipeline";
import { StorageUpkeep, type UpkeptStore } from "./storage-upkeep.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

class FakeStore implements UpkeptStore {
  isUp = true;
  migrationError: Error | undefined;
  rowsInserted = 0;
  async whyUnavailable(): Promise<string | undefined> {
    return this.isUp ? undefined : "ClickHouse is away.";
  }
  async migrate() {
    if (this.migrationError !== undefined) throw this.migrationError;
    return { applied: [], schemaVersion: 8 };
  }
  async query<Row>(): Promise<Row[]> {
    return [];
  }
  async insert({ rowCount }: { rowCount: number }): Promise<void> {
    if (!this.isUp) throw new CodedError("STORAGE_UNAVAILABLE", "away");
    this.rowsInserted += rowCount;
  }
}

async function setUp(store: FakeStore) {
  const directory = mkdtempSync(join(tmpdir(), "weir-upkeep-"));
  folders.push(directory);
  const ticks: number[] = [];
  const upkeep = new StorageUpkeep({
    store,
    journalDirectory: directory,
    writerSettings: { gatherMs: 5 },
    telemetry: silentTelemetry,
    onInserted: ({ rowCount }) => void ticks.push(rowCount),
  });
  const record = async () => {
    await using journal = await openJournal({ directory, producer: "gateway-0", telemetry: silentTelemetry });
    const block = createBlockWriter("spans");
    block.append(newSpanRow(projectId("default"), "gateway", 1_700_000_000_000_000_000n));
    await journal.consume(block.finish());
  };
  return { upkeep, ticks, record };
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const startedMs = performance.now(); performance.now() - startedMs < 60_000; await sleep(10)) {
    if (await isTrue()) return;
  }
  assert.fail("not in time");
}

test("rows wait in the journal until storage answers, and are stored then", async () => {
  const store = new FakeStore();
  store.isUp = false;
  const { upkeep, ticks, record } = await setUp(store);
  await using _upkeep = upkeep;
  await record();
  await sleep(50);
  assert.equal((await upkeep.storageState()).status, "starting");
  assert.equal(upkeep.journalState().status, "starting");
  store.isUp = true;
  await until(() => store.rowsInserted === 1);
  await until(() => ticks.length === 1);
  assert.equal((await upkeep.storageState()).status, "ok");
  assert.equal(upkeep.journalState().status, "ok");
});

test("data of a newer Weir is said to be so", async () => {
  const store = new FakeStore();
  store.migrationError = new CodedError("SCHEMA_TOO_NEW", "Install a newer Weir.");
  const { upkeep } = await setUp(store);
  await using _upkeep = upkeep;
  await until(async () => (await upkeep.storageState())["message"] === "Install a newer Weir.");
});

test("draining stores the rest, and does not wait for a storage that is gone", async () => {
  const store = new FakeStore();
  const { upkeep, record } = await setUp(store);
  await using _upkeep = upkeep;
  await until(async () => (await upkeep.storageState()).status === "ok");
  await record();
  await upkeep.drain(10_000);
  assert.equal(store.rowsInserted, 1);
  store.isUp = false;
  await record();
  // Whoever waited for the storage would never come back.
  await upkeep.drain(2 ** 31 - 1);
});
