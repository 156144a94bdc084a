import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentTelemetry } from "@weir/model";
import { startWriter } from "../writer.ts";
import { FileStore } from "./file-store.ts";

/** Numbers from 0 to 1 that a seed repeats. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Producer {
  readonly child: ChildProcess;
  readonly promised: string[];
}

function run(t: TestContext, script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

function startProducer(t: TestContext, directory: string, producer: string, prefix: string): Producer {
  const child = run(t, "producer.ts", directory, producer, prefix);
  const promised: string[] = [];
  let rest = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split("\n");
    rest = lines.pop() ?? "";
    promised.push(...lines);
  });
  return { child, promised };
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}

/** Two producers at work, one writer; the writer is killed over and over, the producers once, at random moments. */
async function round(t: TestContext, folders: { journals: string; store: string }, name: string, random: () => number) {
  const producers = ["gateway-0", "ingest"].map((producer) =>
    startProducer(t, folders.journals, producer, `${name}-${producer}`),
  );
  await Promise.all(producers.map(({ child }) => once(child.stdout as NodeJS.ReadableStream, "data")));
  for (let kills = 0; kills < 2; kills++) {
    const drainer = run(t, "drainer.ts", folders.journals, folders.store);
    await sleep(120 + random() * 150);
    await kill(drainer);
  }
  await sleep(random() * 50);
  await Promise.all(producers.map(({ child }) => kill(child)));
  return producers.flatMap(({ promised }) => promised);
}

test("every acknowledged row is stored exactly once however processes are killed", { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env["WEIR_TEST_SEED"] ?? 4711);
  t.diagnostic(`WEIR_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const home = mkdtempSync(join(tmpdir(), "weir-kill-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const folders = { journals: join(home, "journals"), store: join(home, "store") };
  for (const folder of Object.values(folders)) mkdirSync(folder);

  const promised: string[] = [];
  for (let number = 0; number < 4; number++) promised.push(...(await round(t, folders, `${number}`, random)));
  const store = new FileStore(folders.store);
  const writer = await startWriter({ directory: folders.journals, insert: store, telemetry: silentTelemetry });
  await writer.drain();
  await writer[Symbol.asyncDispose]();

  const statuses = new Map<string, string[]>();
  for (const { name, status } of store.rows) {
    statuses.set(String(name), [...(statuses.get(String(name)) ?? []), String(status)]);
  }
  for (const [name, stored] of statuses) assert.equal(stored.length, 1, `seed ${seed}: ${name} is stored as ${stored}`);
  for (const line of promised) {
    const [kind, name = ""] = line.split(" ");
    const [status] = statuses.get(name) ?? ["missing"];
    const isKept = kind === "open" ? status === "ok" || status === "interrupted" : status === "ok";
    assert.ok(isKept, `seed ${seed}: ${line} is ${status}`);
  }
  const interrupted = [...statuses.values()].filter(([status]) => status === "interrupted").length;
  t.diagnostic(`${promised.length} promises, ${statuses.size} rows, ${interrupted} interrupted`);
  assert.ok(promised.length > 500 && interrupted > 0);
  for (const producer of ["gateway-0", "ingest"]) assert.deepEqual(readdirSync(join(folders.journals, producer)), []);
});
