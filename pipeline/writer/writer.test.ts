import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CodedError,
  defaultProjectId,
  type EventDefinition,
  type EventFields,
  newSpanRow,
  type SpanRow,
} from "@weir/model";
import fc from "fast-check";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { Batch, InsertBatch, OpenCall } from "../consumer.ts";
import type { Journal, JournalOptions } from "../journal/contract.ts";
import { openJournal } from "../journal/journal.ts";
import { listSegments, segmentFile } from "../journal/layout.ts";
import { MemoryInserter, readBlocks } from "../testing.ts";
import type { InsertedRows, Writer, WriterOptions, WriterSettings } from "./contract.ts";
import { startWriter } from "./writer.ts";

/** What a test looks at: a folder of journals, a store and the events. */
class Bench {
  readonly directory: string;
  readonly store = new MemoryInserter();
  readonly events: { event: EventDefinition; fields: EventFields | undefined }[] = [];
  readonly inserted: InsertedRows[] = [];
  readonly #context: TestContext;

  constructor(context: TestContext) {
    this.#context = context;
    this.directory = mkdtempSync(join(tmpdir(), "weir-writer-"));
    context.after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  async journal(options: Partial<JournalOptions> = {}): Promise<Journal> {
    const journal = await openJournal({
      directory: this.directory,
      producer: "gateway-0",
      telemetry: { emit: () => {} },
      ...options,
    });
    this.#context.after(() => journal[Symbol.asyncDispose]());
    return journal;
  }

  async writer(settings: Partial<WriterSettings> = {}, options: Partial<WriterOptions> = {}): Promise<Writer> {
    const writer = await startWriter({
      directory: this.directory,
      insert: this.store,
      telemetry: { emit: (event, fields) => void this.events.push({ event, fields }) },
      onInserted: (rows) => void this.inserted.push(rows),
      settings: { pollMs: 100, firstRetryMs: 5, lastRetryMs: 20, gatherMs: 10, ...settings },
      ...options,
    });
    this.#context.after(() => writer[Symbol.asyncDispose]());
    return writer;
  }

  /** Writes the batches, drains them with a writer of its own, and closes everything. */
  async throughOnce(batches: readonly Batch[]): Promise<void> {
    const journal = await this.journal();
    for (const batch of batches) await journal.consume(batch);
    await journal[Symbol.asyncDispose]();
    await this.drainOnce();
  }

  async drainOnce(settings: Partial<WriterSettings> = {}): Promise<void> {
    const writer = await this.writer(settings);
    await writer.drain();
    await writer[Symbol.asyncDispose]();
  }

  get names(): string[] {
    return this.store.rows.map(({ name }) => name).sort();
  }

  counted(counter: string): number {
    return this.events.filter(({ event }) => event.counter === counter).length;
  }

  get setAside(): string[] {
    const folder = join(this.directory, "set-aside");
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }
}

const blocks = createBlockWriter("spans");

function batch(names: string | readonly string[], options: { closes?: number[]; row?: Partial<SpanRow> } = {}): Batch {
  for (const name of [names].flat()) {
    blocks.append({ ...newSpanRow(defaultProjectId, "gateway", 1n), name, ...options.row });
  }
  return blocks.finish(options.closes);
}

const call = (callNumber: number, startTimeMs = 0): OpenCall => ({
  callNumber,
  row: { ...newSpanRow(defaultProjectId, "gateway", BigInt(startTimeMs) * 1_000_000n), name: `call ${callNumber}` },
});

const unavailable = () => new CodedError("STORAGE_UNAVAILABLE", "ClickHouse does not answer.");
const rejected = () => new CodedError("STORAGE_REJECTED", "ClickHouse refused the statement.");
const range = (count: number, prefix = "") => Array.from({ length: count }, (_, index) => `${prefix}${index}`).sort();

test("rows of a living journal are stored, once, with their projects", async (t) => {
  const bench = new Bench(t);
  const writer = await bench.writer();
  const journal = await bench.journal();
  await journal.consume(batch(["a", "b"]));
  await journal.consume(batch("c", { row: { project_id: "other" } }));
  await writer.drain();
  assert.deepEqual(bench.names, ["a", "b", "c"]);
  assert.deepEqual([...new Set(bench.inserted.flatMap(({ projects }) => [...projects]))].sort(), ["default", "other"]);
  const { state, lagRows, lagBytes, lagMs, insertedRows, journals } = writer.status();
  assert.deepEqual([state, lagRows, lagBytes, lagMs, insertedRows, journals], ["ok", 0, 0, 0, 3, 1]);
});

test("a calm row reaches the insert without waiting for company that does not come", async (t) => {
  const bench = new Bench(t);
  const writer = await startWriter({ directory: bench.directory, insert: bench.store, telemetry: { emit: () => {} } });
  t.after(() => writer[Symbol.asyncDispose]());
  const journal = await bench.journal();
  for (let round = 0; round < 3; round++) {
    const arrival = new Promise<void>((resolve) => {
      bench.store.after = () => resolve();
    });
    await journal.consume(batch(`${round}`));
    await arrival;
  }
  assert.deepEqual(bench.names, ["0", "1", "2"]);
});

test("several producers share a batch", async (t) => {
  const bench = new Bench(t);
  const journals = await Promise.all(
    ["gateway-0", "gateway-0", "ingest"].map((producer) => bench.journal({ producer })),
  );
  for (const [index, journal] of journals.entries()) await journal.consume(batch(`${index}`));
  const writer = await bench.writer();
  await writer.drain();
  assert.deepEqual([bench.names, bench.store.calls.length], [["0", "1", "2"], 1]);
});

test("batches keep to their limits", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal({ segmentBytes: 30_000 });
  for (let index = 0; index < 60; index++) await journal.consume(batch([`${index}`, `${index}`]));
  const writer = await bench.writer({ batchRows: 20, inserters: 1 });
  await writer.drain();
  assert.equal(bench.names.length, 120);
  assert.deepEqual([...new Set(bench.store.calls.map(({ rowCount }) => rowCount))], [20]);
  assert.equal(new Set(bench.store.calls.map(({ token }) => token)).size, 6);
});

test("a frame longer than a batch's bytes goes out alone", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await journal.consume(batch("small"));
  await journal.consume(batch("large", { row: { input: "x".repeat(3 << 20) } }));
  await journal.consume(batch("small too"));
  const writer = await bench.writer({ batchBytes: 1 << 20 });
  await writer.drain();
  assert.deepEqual(bench.names, ["large", "small", "small too"]);
});

test("while storage is slow the batch grows, and a second one flies only when it is full", async (t) => {
  const bench = new Bench(t);
  let letPass: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    letPass = resolve;
  });
  bench.store.before = () => gate;
  t.after(letPass);
  const journal = await bench.journal();
  const writer = await bench.writer({ batchRows: 50 });
  await journal.consume(batch("first"));
  while (bench.store.calls.length === 0) await sleep(5);
  for (let index = 0; index < 20; index++) await journal.consume(batch(`${index}`));
  await sleep(80);
  assert.equal(bench.store.calls.length, 1);
  for (let index = 20; index < 40; index++) await journal.consume(batch([`${index}`, `${index}`]));
  while (bench.store.calls.length < 2) await sleep(5);
  await sleep(80);
  assert.deepEqual([bench.store.calls.length, writer.status().lagRows], [2, 61]);
  letPass();
  await writer.drain();
  assert.deepEqual([bench.names.length, bench.store.calls.map(({ rowCount }) => rowCount)], [61, [1, 50, 10]]);
});

test("drained segments are deleted, the last one stays while its owner lives", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal({ segmentBytes: 5000 });
  for (let index = 0; index < 20; index++) await journal.consume(batch(`${index}`));
  const last = (await listSegments(journal.folder)).at(-1);
  const writer = await bench.writer();
  await writer.drain();
  assert.deepEqual(await listSegments(journal.folder), [last]);
  await journal.consume(batch("more"));
  await journal[Symbol.asyncDispose]();
  await writer.drain();
  assert.equal(bench.names.length, 21);
  assert.deepEqual(readdirSync(join(bench.directory, "gateway-0")), []);
  assert.equal(writer.status().journals, 0);
});

test("storage that is away is tried until it is back, with the same batch", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  const writer = await bench.writer();
  let failures = 6;
  bench.store.before = () => {
    if (failures-- > 0) throw unavailable();
  };
  await journal.consume(batch("a"));
  while (bench.store.calls.length < 2) await sleep(2);
  assert.equal(writer.status().state, "retrying");
  assert.equal(writer.status().lastError, "ClickHouse does not answer.");
  await writer.drain();
  assert.deepEqual([bench.names, writer.status().state], [["a"], "ok"]);
  assert.equal(new Set(bench.store.calls.map(({ token }) => token)).size, 1);
});

test("an insert whose answer was lost is not stored twice", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  let losses = 2;
  bench.store.after = () => {
    if (losses-- > 0) throw new Error("socket hang up");
  };
  await journal.consume(batch("a"));
  await bench.drainOnce();
  assert.deepEqual([bench.names, bench.store.calls.length], [["a"], 3]);
});

for (const when of ["before", "after"] as const) {
  test(`a writer that ends ${when} the rows are stored: the next one repeats the same batch, then goes on`, async (t) => {
    const bench = new Bench(t);
    const journal = await bench.journal();
    for (let index = 0; index < 10; index++) await journal.consume(batch(`${index}`));
    bench.store[when] = () => {
      throw unavailable();
    };
    const first = await bench.writer();
    while (bench.store.calls.length === 0) await sleep(2);
    await first[Symbol.asyncDispose]();
    bench.store[when] = () => {};
    for (let index = 10; index < 20; index++) await journal.consume(batch(`${index}`));
    await bench.drainOnce();
    assert.deepEqual(bench.names, range(20));
    assert.deepEqual(
      bench.store.stored.map(({ rowCount }) => rowCount),
      [10, 10],
    );
    assert.equal(bench.store.stored[0]?.token, bench.store.calls[0]?.token);
  });
}

test("a batch that was stored, with its segment gone and the note of it lost, is not asked for", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal({ segmentBytes: 1 });
  await journal.consume(batch("a"));
  await bench.drainOnce();
  await journal.consume(batch("b"));
  const log = join(bench.directory, "writer.log");
  writeFileSync(
    log,
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => !line.includes('"done"'))
      .join("\n"),
  );
  rmSync(join(journal.folder, segmentFile(1)));
  await bench.drainOnce();
  assert.deepEqual(bench.names, ["a", "b"]);
});

test("a second writer is turned away while the first lives", async (t) => {
  const bench = new Bench(t);
  const first = await bench.writer();
  await assert.rejects(bench.writer(), { code: "PART_UNAVAILABLE" });
  await first[Symbol.asyncDispose]();
  await bench.writer();
});

/** Rows of so many bytes, each in a frame of its own. */
async function writeLarge(journal: Journal, lengths: readonly number[], from = 0): Promise<void> {
  for (const [index, length] of lengths.entries()) {
    const name = `${from + index}`;
    await journal.consume(batch(name, { row: { content_format: "text", input: name.padEnd(length, "x") } }));
  }
}

const large = [3, 3, 6, 1, 9, 2, 3].map((megabytes) => megabytes << 20);

test("what is longer than the pieces in which a journal is read is one batch, and its memory serves the next", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  const writer = await bench.writer({ gatherMs: 300 });
  for (const round of [0, 1, 2]) {
    await writeLarge(journal, large, round * large.length);
    await writer.drain();
  }
  const { rows } = bench.store;
  assert.deepEqual(
    rows.map(({ name }) => name),
    large.concat(large, large).map((_, index) => `${index}`),
  );
  for (const [index, { name, input, input_preview }] of rows.entries()) {
    assert.equal(input, name.padEnd(large[index % large.length] as number, "x"));
    assert.equal(input_preview, name.padEnd(200, "x"));
  }
});

test("a batch of several pieces that the writer did not live to store is repeated under its token", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await writeLarge(journal, large);
  bench.store.after = () => {
    throw unavailable();
  };
  const first = await bench.writer();
  while (bench.store.stored.length === 0) await sleep(5);
  await first[Symbol.asyncDispose]();
  bench.store.after = () => {};
  await bench.drainOnce();
  assert.deepEqual(bench.names, range(large.length));
  assert.equal(new Set(bench.store.calls.map(({ token }) => token)).size, bench.store.stored.length);
});

test("damage before and within frames longer than a piece is set aside", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await writeLarge(journal, large);
  await journal[Symbol.asyncDispose]();
  const [producer = ""] = readdirSync(bench.directory).filter((name) => name.startsWith("gateway"));
  const [incarnation = ""] = readdirSync(join(bench.directory, producer));
  const path = join(bench.directory, producer, incarnation, segmentFile(1));
  const file = await open(path, "r+");
  // In the second of 3 MB and in the one of 9 MB.
  for (const at of [4 << 20, 20 << 20]) await file.write("damage", at);
  await file.close();
  await bench.drainOnce();
  assert.deepEqual(bench.names, ["0", "2", "3", "5", "6"]);
  assert.equal(bench.setAside.length, 2);
});

test("one refused frame is found by halving and set aside as a file that can be inserted", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  for (let index = 0; index < 9; index++) await journal.consume(batch(`${index}`));
  const isBad = ({ blocks }: InsertBatch) =>
    readBlocks(Buffer.concat([...blocks]), "spans").some(({ name }) => name === "5");
  bench.store.before = (inserted) => {
    if (isBad(inserted)) throw rejected();
  };
  const writer = await bench.writer();
  await writer.drain();
  assert.deepEqual(
    bench.names,
    range(9).filter((name) => name !== "5"),
  );
  assert.equal(writer.status().setAsideRows, 1);
  const [file = "", reason = ""] = bench.setAside;
  assert.deepEqual(
    readBlocks(readFileSync(join(bench.directory, "set-aside", file)), "spans").map(({ name }) => name),
    ["5"],
  );
  const { code, table, rows } = JSON.parse(readFileSync(join(bench.directory, "set-aside", reason), "utf8"));
  assert.deepEqual([code, table, rows], ["STORAGE_REJECTED", "spans", 1]);
  assert.equal(bench.counted("writer_rows_set_aside"), 1);
});

test("a writer that ends between two halves goes on with the halves, though the whole would be taken by then", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  for (const name of ["a", "b"]) await journal.consume(batch(name));
  bench.store.before = ({ rowCount, token }) => {
    if (rowCount > 1) throw rejected();
    if (token.endsWith("b")) throw unavailable();
  };
  const first = await bench.writer();
  while (bench.store.calls.length < 3) await sleep(2);
  await first[Symbol.asyncDispose]();
  bench.store.before = () => {};
  await bench.drainOnce();
  assert.deepEqual(bench.names, ["a", "b"]);
});

test("refused rows for which there is no room stay in the journal until they are taken", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await journal.consume(batch("a"));
  bench.store.before = () => {
    throw rejected();
  };
  const writer = await bench.writer({ setAsideBytes: 10 });
  while (bench.counted("writer_rows_held_back") < 2) await sleep(2);
  assert.deepEqual([writer.status().state, bench.setAside, writer.status().setAsideRows], ["retrying", [], 0]);
  bench.store.before = () => {};
  await writer.drain();
  assert.deepEqual([bench.names, writer.status().insertedRows], [["a"], 1]);
});

test("calls that a closed or dead process had open are recorded as interrupted, once, and its folder goes", async (t) => {
  const bench = new Bench(t);
  let nowMs = 5000;
  const journal = await bench.journal({ now: () => nowMs });
  await journal.announce([call(1, 4000), call(2, 4500), call(3, 9000)]);
  nowMs = 7250.5;
  await journal.consume(batch("a", { closes: [2] }));
  await journal[Symbol.asyncDispose]();
  let losses = 1;
  bench.store.after = ({ token }) => {
    if (token.endsWith("interrupted") && losses-- > 0) throw unavailable();
  };
  await bench.drainOnce();
  const interrupted = bench.store.rows.filter(({ status }) => status === "interrupted");
  assert.deepEqual(
    interrupted.map(({ name, duration_ns, start_time }) => [name, duration_ns, start_time]),
    [
      ["call 1", 3_250_500_000, 4_000_000_000n],
      ["call 3", 0, 9_000_000_000n],
    ],
  );
  assert.equal(bench.store.rows.length, 3);
  assert.deepEqual(readdirSync(join(bench.directory, "gateway-0")), []);
});

test("a process that died while it began a segment: its open calls are still known", async (t) => {
  for (const begun of [Buffer.alloc(0), Buffer.alloc(300), undefined]) {
    const bench = new Bench(t);
    const journal = await bench.journal({ segmentBytes: 3000 });
    await journal.announce([call(1), call(2)]);
    await journal.consume(batch("a"));
    await journal.consume(batch("b", { closes: [1] }));
    await journal[Symbol.asyncDispose]();
    const segments = await listSegments(journal.folder);
    const snapshot = readFileSync(join(journal.folder, segmentFile(segments.at(-1) ?? 0)));
    const next = join(journal.folder, segmentFile((segments.at(-1) ?? 0) + 1));
    writeFileSync(next, begun ?? snapshot.subarray(0, 2000));
    await bench.drainOnce();
    assert.deepEqual(bench.names, ["a", "b", "call 2"]);
  }
});

test("no call of a living process is interrupted", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal({ segmentBytes: 100 });
  const writer = await bench.writer();
  await journal.announce([call(1)]);
  for (const name of ["a", "b", "c"]) await journal.consume(batch(name));
  await writer.drain();
  await journal.consume(batch("end", { closes: [1] }));
  await journal[Symbol.asyncDispose]();
  await writer.drain();
  assert.deepEqual(bench.names, ["a", "b", "c", "end"]);
});

test("an idle writer writes nothing and does not spin", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  const writer = await bench.writer({ pollMs: 2000 });
  await journal.consume(batch("a"));
  await writer.drain();
  await sleep(100);
  const log = join(bench.directory, "writer.log");
  const before = [statSync(log).mtimeMs, statSync(journal.folder).mtimeMs];
  const usedBefore = process.cpuUsage();
  await sleep(2300);
  const { user, system } = process.cpuUsage(usedBefore);
  assert.deepEqual([statSync(log).mtimeMs, statSync(journal.folder).mtimeMs], before);
  // One that goes round and round takes all of a processor; collecting the garbage of other tests takes a little.
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms of CPU in 2.3 s`);
});

test("the writer's log stays small", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  const writer = await bench.writer({ batchRows: 1, gatherMs: 0 });
  const log = join(bench.directory, "writer.log");
  await Promise.all(Array.from({ length: 1200 }, (_, index) => journal.consume(batch(`${index}`))));
  await writer.drain();
  assert.equal(bench.names.length, 1200);
  assert.ok(statSync(log).size < 300 << 10, `${statSync(log).size}`);
  await writer[Symbol.asyncDispose]();
  await bench.drainOnce();
  assert.ok(statSync(log).size < 1000, `${statSync(log).size}`);
  assert.equal(bench.store.calls.length, 1200);
});

for (const [what, spoil] of [
  ["a torn last line", (log: string) => truncateSync(log, statSync(log).size - 7)],
  ["a half line behind the last", (log: string) => appendFileSync(log, '0123abcd {"kind":"begin","tok')],
  ["garbage behind the last line", (log: string) => appendFileSync(log, "\0\0\0\n\nxyz\n")],
] as const) {
  test(`a writer's log with ${what} is read as far as it goes`, async (t) => {
    const bench = new Bench(t);
    const journal = await bench.journal();
    for (const name of ["a", "b"]) {
      await journal.consume(batch(name));
      await bench.drainOnce();
    }
    spoil(join(bench.directory, "writer.log"));
    await journal.consume(batch("c"));
    await bench.drainOnce();
    assert.deepEqual(bench.names, ["a", "b", "c"]);
  });
}

test("while the writer's log cannot be written no insert is begun; then everything goes on", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await journal.consume(batch("a"));
  await using anyFile = await open(import.meta.filename);
  const datasync = t.mock.method(Object.getPrototypeOf(anyFile), "datasync", async () => {
    throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  });
  const writer = await bench.writer();
  while (bench.counted("writer_step_failures") < 3) await sleep(2);
  assert.deepEqual(
    [bench.store.calls.length, writer.status().state, writer.status().lastError],
    [0, "blocked", "no space left"],
  );
  datasync.mock.restore();
  await writer.drain();
  assert.deepEqual([bench.names, writer.status().state], [["a"], "ok"]);
});

/** A journal that was closed, of some frames in one segment. */
async function closedJournal(bench: Bench, count: number, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await bench.journal(options);
  for (let index = 0; index < count; index++) await journal.consume(batch(`${index}`));
  await journal[Symbol.asyncDispose]();
  return journal;
}

test("a dead owner's unfinished frame is dropped and told of", async (t) => {
  const bench = new Bench(t);
  const { folder } = await closedJournal(bench, 3);
  const segment = join(folder, segmentFile(1));
  const bytes = readFileSync(segment);
  appendFileSync(segment, bytes.subarray(bytes.length - 1500, bytes.length - 10));
  await bench.drainOnce();
  assert.deepEqual([bench.names, bench.counted("journal_torn_tails"), bench.setAside], [range(3), 1, []]);
  assert.deepEqual(readdirSync(join(bench.directory, "gateway-0")), []);
});

test("zeros that a power cut left behind the last frame are dropped", async (t) => {
  const bench = new Bench(t);
  const { folder } = await closedJournal(bench, 3);
  appendFileSync(join(folder, segmentFile(1)), Buffer.alloc(4096));
  appendFileSync(join(folder, segmentFile(2)), Buffer.alloc(512));
  await bench.drainOnce();
  assert.deepEqual([bench.names, bench.setAside], [range(3), []]);
  assert.deepEqual(readdirSync(join(bench.directory, "gateway-0")), []);
});

test("damage in what was acknowledged is set aside, the frames around it are stored", async (t) => {
  const bench = new Bench(t);
  const { folder } = await closedJournal(bench, 5);
  const segment = join(folder, segmentFile(1));
  const bytes = readFileSync(segment);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
  bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
  writeFileSync(segment, bytes);
  await bench.drainOnce();
  assert.equal(bench.names.length, 3);
  assert.deepEqual(
    bench.setAside.map((name) => name.endsWith(".damaged")),
    [true, true],
  );
  assert.equal(bench.counted("journal_damaged_parts"), 2);
  assert.deepEqual(readdirSync(join(bench.directory, "gateway-0")), []);
});

test("frames of a table that this version does not know are set aside", async (t) => {
  const bench = new Bench(t);
  const journal = await bench.journal();
  await journal.consume(batch("a"));
  await journal.consume({ table: "of another version" as "spans", rowCount: 1, block: Buffer.from("later") });
  await journal.consume(batch("b"));
  await journal[Symbol.asyncDispose]();
  await bench.drainOnce();
  assert.deepEqual([bench.names, bench.setAside.length], [["a", "b"], 1]);
});

test("a dead journal cut anywhere: what stood whole before the cut is stored once, nothing throws", async (t) => {
  const source = new Bench(t);
  const { folder, incarnation } = await closedJournal(source, 200);
  const original = readFileSync(join(folder, segmentFile(1)));
  assert.ok(original.length > 64 << 10);
  const ends = await endsOfRows(source, folder);
  await fc.assert(
    fc.asyncProperty(fc.nat(original.length), async (cut) => {
      const bench = new Bench(t);
      const copy = join(bench.directory, "gateway-0", incarnation);
      cpSync(folder, copy, { recursive: true });
      truncateSync(join(copy, segmentFile(1)), cut);
      await bench.drainOnce();
      const whole = ends.filter((end) => end <= cut).length;
      assert.deepEqual([bench.names, bench.counted("writer_step_failures")], [range(whole), 0]);
    }),
    { numRuns: 40 },
  );
});

/** Where each row's frame ends, found by the boundaries that a writer journals when each batch is one row. */
async function endsOfRows(bench: Bench, folder: string): Promise<number[]> {
  const copy = mkdtempSync(join(bench.directory, ".ends-"));
  cpSync(folder, join(copy, "gateway-0", folder.split("/").at(-1) ?? ""), { recursive: true });
  const store = new MemoryInserter();
  const settings = { batchRows: 1, gatherMs: 0 };
  const writer = await startWriter({ directory: copy, insert: store, telemetry: { emit: () => {} }, settings });
  await writer.drain();
  await writer[Symbol.asyncDispose]();
  return store.calls.map(({ token }) => Number(/-(\d+):spans/.exec(token)?.[1])).sort((one, other) => one - other);
}

test("bytes flipped anywhere in a journal's folder: nothing throws, no row is doubled or made up", async (t) => {
  const source = new Bench(t);
  const { folder, incarnation } = await closedJournal(source, 12, { segmentBytes: 8000 });
  const files = readdirSync(folder).sort();
  const flip = fc.record({
    file: fc.constantFrom(...files),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    by: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async (flips) => {
      const bench = new Bench(t);
      const copy = join(bench.directory, "gateway-0", incarnation);
      cpSync(folder, copy, { recursive: true });
      for (const { file, at, by } of flips) {
        const bytes = readFileSync(join(copy, file));
        const offset = Math.floor(at * bytes.length);
        bytes.writeUInt8(bytes.readUInt8(offset) ^ by, offset);
        writeFileSync(join(copy, file), bytes);
      }
      await bench.drainOnce();
      const names = new Set(bench.names);
      assert.equal(names.size, bench.names.length);
      assert.ok(names.size >= 12 - flips.length, `${names.size} rows after ${flips.length} flips`);
      assert.ok([...names].every((name) => range(12).includes(name)));
      assert.equal(bench.counted("writer_step_failures"), 0);
    }),
    { numRuns: 40 },
  );
});

test("leftovers of a process that died while it made or removed a journal are cleared", async (t) => {
  const bench = new Bench(t);
  mkdirSync(join(bench.directory, "gateway-0", ".x.removed", "deep"), { recursive: true });
  await bench.throughOnce([batch("a")]);
  assert.deepEqual([bench.names, readdirSync(join(bench.directory, "gateway-0"))], [["a"], []]);
});
