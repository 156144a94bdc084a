import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { silentTelemetry } from "@weir/model";
import { type Engine, startEngine } from "./engine/engine.ts";
import { freeLoopbackPort } from "./engine/port.ts";
import { openStore, type Store } from "./store.ts";

/** A ClickHouse for tests: an engine of its own in a temporary folder. Disposing removes both. */
export interface TestEngine extends AsyncDisposable {
  readonly address: ClickHouseAddress;
  readonly pid: number;
  /** kill -9, and a start on the same folder and port. */
  killAndStart(whileDown?: () => Promise<void>): Promise<void>;
}

export interface ClickHouseAddress {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export async function startTestEngine(): Promise<TestEngine> {
  const root = await mkdtemp(join(tmpdir(), "weir-storage-"));
  const options = {
    directory: join(root, "engine"),
    runDirectory: join(root, "run"),
    port: await freeLoopbackPort(),
    password: randomBytes(12).toString("hex"),
    memoryLimitBytes: 1.5 * 1024 ** 3,
    telemetry: silentTelemetry,
  };
  let engine: Engine = await startEngine(options);
  return {
    address: { url: engine.url, username: engine.username, password: engine.password },
    get pid() {
      return engine.pid;
    },
    async killAndStart(whileDown) {
      process.kill(engine.pid, "SIGKILL");
      await engine.exited;
      await whileDown?.();
      engine = await startEngine(options);
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A store on a fresh database, not migrated. */
export function openFreshStore(address: ClickHouseAddress): Store {
  const database = `weir_test_${randomUUID().slice(0, 8)}`;
  return openStore({ ...address, database, telemetry: silentTelemetry });
}

/** For the tests of a file, whose end ends both: an engine of its own, and a store on it with every table. */
export async function startTestStore(): Promise<{ readonly engine: TestEngine; readonly store: Store }> {
  const engine = await startTestEngine();
  const store = openFreshStore(engine.address);
  after(async () => {
    await store[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  await store.migrate();
  return { engine, store };
}

/** What ClickHouse itself writes for the SELECT as Native: a block to insert. */
export async function nativeBlock({ url, username, password }: ClickHouseAddress, select: string): Promise<Uint8Array> {
  const response = await fetch(url, {
    method: "POST",
    body: `${select} FORMAT Native`,
    headers: { "X-ClickHouse-User": username, "X-ClickHouse-Key": password },
  });
  if (!response.ok) throw new Error(await response.text());
  return new Uint8Array(await response.arrayBuffer());
}

export { childOf, insertRows, insertSpans } from "./sql/testing.ts";
