import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CodedError, defaultProjectId, type EventDefinition, newSpanRow, silentTelemetry } from "@weir/model";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { Batch, OpenCall } from "../consumer.ts";
import type { Journal, JournalOptions } from "./contract.ts";
import { type Frame, openKind, readFrames, rowsKind, snapshotKind } from "./frame.ts";
import { openJournal } from "./journal.ts";
import { listSegments, segmentFile, segmentKey } from "./layout.ts";
import { openCallsAfter, previousEnd } from "./open-calls.ts";
import { ownerIsAlive } from "./owner.ts";
import { readPosition } from "./position.ts";
import { diskFiles, type SegmentFile, type SegmentFiles } from "./segment-file.ts";

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-journal-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function journalFor(context: TestContext, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const directory = options.directory ?? folderFor(context);
  const journal = await openJournal({ producer: "gateway-0", telemetry: silentTelemetry, ...options, directory });
  context.after(() => journal[Symbol.asyncDispose]());
  return journal;
}

const blocks = createBlockWriter("spans");

/** A batch of one row that is known by its name. */
function batch(name: string, closes?: readonly number[], inputLength = 0): Batch {
  blocks.append({ ...newSpanRow(defaultProjectId, "gateway", 1n), name, input: "x".repeat(inputLength) });
  return blocks.finish(closes);
}

const call = (callNumber: number): OpenCall => ({ callNumber, row: newSpanRow(defaultProjectId, "gateway", 1n) });

function framesIn(journal: Journal, segment: number): readonly Frame[] {
  const bytes = readFileSync(join(journal.folder, segmentFile(segment)));
  return readFrames(bytes, 0, segmentKey(journal.incarnation, segment)).frames;
}

/** Waits until the operating system has so many batches of the first segment. */
async function rowsWritten(journal: Journal, count: number): Promise<void> {
  const exists = () => readdirSync(journal.folder).includes(segmentFile(1));
  const written = () => (exists() ? framesIn(journal, 1).filter(({ kind }) => kind === rowsKind).length : 0);
  while (written() < count) await new Promise((resolve) => setTimeout(resolve, 1));
}

const isRefusal = (code: string) => (error: unknown) =>
  error instanceof CodedError && error.code === code && error.retryable && error.retryAfterMs !== undefined;

/** A disk whose next steps fail as told. */
class FaultyFiles implements SegmentFiles {
  fail: "nothing" | "create" | "write" | "half a write" | "sync" | "sync and truncate" = "nothing";
  free = Number.POSITIVE_INFINITY;
  syncs = 0;
  /** Syncs wait for it. */
  held: Promise<void> = Promise.resolve();

  async create(path: string): Promise<SegmentFile> {
    if (this.fail === "create") throw Object.assign(new Error("no inode"), { code: "ENOSPC" });
    const file = await diskFiles.create(path);
    return {
      write: async (buffers, position) => {
        if (this.fail === "write") throw Object.assign(new Error("input/output error"), { code: "EIO" });
        if (this.fail !== "half a write") return file.write(buffers, position);
        const all = Buffer.concat(buffers);
        // One byte short: every frame but the last is there whole.
        await file.write([all.subarray(0, -1)], position);
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      },
      sync: async () => {
        this.syncs++;
        await this.held;
        if (this.fail.startsWith("sync")) throw Object.assign(new Error("input/output error"), { code: "EIO" });
        await file.sync();
      },
      truncate: async (length) => {
        if (this.fail === "sync and truncate") throw new Error("input/output error");
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }
}

const passedPause = () => new Promise((resolve) => setTimeout(resolve, 260));

test("what is acknowledged is on disk, in order, and the position says so", async (t) => {
  const journal = await journalFor(t);
  await Promise.all(["a", "b", "c"].map((name) => journal.consume(batch(name))));
  const frames = framesIn(journal, 1);
  assert.deepEqual(
    frames.map(({ kind, rowCount, table }) => [kind, rowCount, table]),
    [
      [snapshotKind, 0, undefined],
      [rowsKind, 1, "spans"],
      [rowsKind, 1, "spans"],
      [rowsKind, 1, "spans"],
    ],
  );
  assert.deepEqual(await readPosition(journal.folder), { segment: 1, end: frames.at(-1)?.end, rows: 3 });
  const { state, acknowledgedRows, queuedBytes, usedBytes } = journal.status();
  assert.deepEqual([state, acknowledgedRows, queuedBytes, usedBytes], ["ok", 3, 0, frames.at(-1)?.end]);
});

test("many appends at once share a sync", async (t) => {
  const files = new FaultyFiles();
  const journal = await journalFor(t, { files });
  await Promise.all(Array.from({ length: 500 }, (_, index) => journal.consume(batch(`${index}`))));
  assert.equal(journal.status().acknowledgedRows, 500);
  assert.ok(files.syncs <= 3, `${files.syncs} syncs`);
});

test("rows are with the operating system while the sync before them still runs", async (t) => {
  const files = new FaultyFiles();
  const journal = await journalFor(t, { files });
  const released = Promise.withResolvers<void>();
  files.held = released.promise;
  const consumed: Promise<void>[] = [];
  for (const [index, name] of ["a", "b", "c"].entries()) {
    consumed.push(journal.consume(batch(name)));
    await rowsWritten(journal, index + 1);
  }
  assert.deepEqual([files.syncs, journal.status().acknowledgedRows], [1, 0]);
  released.resolve();
  await Promise.all(consumed);
  assert.deepEqual([files.syncs, journal.status().acknowledgedRows, journal.status().queuedBytes], [2, 3, 0]);
});

test("a failed sync refuses what was written behind it too, and the next segment carries on", async (t) => {
  const files = new FaultyFiles();
  const journal = await journalFor(t, { files });
  await journal.consume(batch("kept"));
  const released = Promise.withResolvers<void>();
  files.held = released.promise;
  files.fail = "sync";
  const refused = ["a", "b"].map((name) => assert.rejects(journal.consume(batch(name)), isRefusal("JOURNAL_FAILED")));
  await rowsWritten(journal, 3);
  refused.push(assert.rejects(journal.consume(batch("c")), isRefusal("JOURNAL_FAILED")));
  await rowsWritten(journal, 4);
  released.resolve();
  await Promise.all(refused);
  files.fail = "nothing";
  await passedPause();
  await journal.consume(batch("d"));
  const kept = [1, 2].flatMap((segment) => framesIn(journal, segment)).filter(({ kind }) => kind === rowsKind);
  assert.deepEqual([kept.length, journal.status().acknowledgedRows, journal.status().refusedRows], [2, 2, 3]);
  assert.deepEqual([journal.status().queuedBytes, journal.status().state], [0, "ok"]);
});

test("announcements need no sync and no wait for one", async (t) => {
  const files = new FaultyFiles();
  const journal = await journalFor(t, { files });
  await journal.announce([call(1), call(2)]);
  assert.deepEqual([files.syncs, framesIn(journal, 1).map(({ kind }) => kind)], [0, [snapshotKind, openKind]]);
  await journal.consume(batch("a", [1]));
  assert.deepEqual(
    openCallsAfter(framesIn(journal, 1)).map(({ callNumber }) => callNumber),
    [2],
  );
  assert.equal(journal.status().openCalls, 1);
});

test("segments are closed at their length and the next begins with the calls that are open", async (t) => {
  const journal = await journalFor(t, { segmentBytes: 20_000 });
  await journal.announce([call(1), call(2)]);
  for (const name of ["a", "b", "c"]) await journal.consume(batch(name, name === "b" ? [1] : undefined, 8000));
  const segments = await listSegments(journal.folder);
  assert.deepEqual(segments, [1, 2]);
  const [snapshot] = framesIn(journal, 2);
  const end = statSync(join(journal.folder, segmentFile(1))).size;
  assert.deepEqual(previousEnd(snapshot), { segment: 1, end });
  assert.deepEqual(
    openCallsAfter(framesIn(journal, 2)).map(({ callNumber }) => callNumber),
    [2],
  );
});

for (const [fail, code, state] of [
  ["create", "JOURNAL_DISK_FULL", "disk_full"],
  ["write", "JOURNAL_FAILED", "failed"],
  ["half a write", "JOURNAL_DISK_FULL", "disk_full"],
  ["sync", "JOURNAL_FAILED", "failed"],
  ["sync and truncate", "JOURNAL_FAILED", "failed"],
] as const) {
  test(`a disk that fails to ${fail}: the group is refused whole, later rows are read, refused ones never`, async (t) => {
    const files = new FaultyFiles();
    const events: EventDefinition[] = [];
    const telemetry = { emit: (event: EventDefinition) => void events.push(event) };
    const journal = await journalFor(t, { files, telemetry, ...(fail === "create" ? { segmentBytes: 1 } : {}) });
    await journal.announce([call(1), call(2)]);
    await journal.consume(batch("before"));
    files.fail = fail;
    const refused = await Promise.allSettled([journal.consume(batch("x", [1])), journal.consume(batch("y"))]);
    for (const result of refused) assert.ok(result.status === "rejected" && isRefusal(code)(result.reason));
    assert.equal(journal.status().state, state);
    await assert.rejects(journal.consume(batch("z")), isRefusal(code));
    files.fail = "nothing";
    await passedPause();
    await journal.consume(batch("after"));
    assert.deepEqual([journal.status().state, journal.status().refusedRows], ["ok", 3]);
    assert.deepEqual(
      events.map(({ level }) => level),
      ["error", "info"],
    );

    const last = (await listSegments(journal.folder)).at(-1) ?? 0;
    const frames = framesIn(journal, last);
    const previous = previousEnd(frames[0]);
    assert.equal(frames.filter(({ kind }) => kind === rowsKind).length, 1);
    assert.deepEqual(
      openCallsAfter(frames).map(({ callNumber }) => callNumber),
      [2],
    );
    const before = framesIn(journal, previous?.segment ?? 0).filter(({ end }) => end <= (previous?.end ?? 0));
    assert.equal(before.filter(({ kind }) => kind === rowsKind).length, 1);
  });
}

for (const fail of ["write", "create"] as const)
  test(`a journal that nobody writes to notices by being asked that its disk can ${fail} again`, async (t) => {
    const files = new FaultyFiles();
    const journal = await journalFor(t, { files, segmentBytes: 1 });
    await journal.consume(batch("before"));
    files.fail = fail;
    await assert.rejects(journal.consume(batch("x")));
    await passedPause();
    assert.notEqual(journal.status().state, "ok");
    await passedPause();
    assert.notEqual(journal.status().state, "ok", "it was tried, and failed");
    files.fail = "nothing";
    while (journal.status().state !== "ok") await passedPause();
    assert.deepEqual([journal.status().refusedRows, journal.status().acknowledgedRows], [1, 1]);
    await journal.consume(batch("after"));
  });

test("free space that is to be left to others is left", async (t) => {
  const files = new FaultyFiles();
  const journal = await journalFor(t, { files, reserveBytes: 1000 });
  files.free = 1500;
  await assert.rejects(journal.consume(batch("a", undefined, 5000)), isRefusal("JOURNAL_DISK_FULL"));
  assert.deepEqual(await listSegments(journal.folder), []);
  files.free = 100_000;
  await passedPause();
  await journal.consume(batch("a", undefined, 5000));
});

test("at its limit the journal refuses, and takes rows again once segments are drained", async (t) => {
  const journal = await journalFor(t, { limitBytes: 80_000 });
  const refusal = await (async () => {
    for (let count = 0; count < 100; count++) await journal.consume(batch("a", undefined, 4000));
    return undefined;
  })().catch((error: unknown) => error);
  assert.ok(isRefusal("JOURNAL_FULL")(refusal));
  assert.equal(journal.status().state, "full");
  const segments = await listSegments(journal.folder);
  const size = segments.reduce((sum, number) => sum + statSync(join(journal.folder, segmentFile(number))).size, 0);
  assert.ok(size <= 80_000 && size > 70_000, `${size}`);
  for (const segment of segments.slice(0, -1)) rmSync(join(journal.folder, segmentFile(segment)));
  await new Promise((resolve) => setTimeout(resolve, 110));
  await journal.consume(batch("a", undefined, 4000));
  assert.equal(journal.status().state, "ok");
});

test("the limit counts what others of the same name have left", async (t) => {
  const directory = folderFor(t);
  const earlier = await journalFor(t, { directory });
  await earlier.consume(batch("a", undefined, 50_000));
  await earlier[Symbol.asyncDispose]();
  const journal = await journalFor(t, { directory, limitBytes: 60_000 });
  await journal.consume(batch("a", undefined, 100));
  await new Promise((resolve) => setTimeout(resolve, 110));
  await assert.rejects(
    (async () => {
      for (let count = 0; count < 12; count++) await journal.consume(batch("a", undefined, 4000));
    })(),
    isRefusal("JOURNAL_FULL"),
  );
});

test("what waits for the disk is bounded", async (t) => {
  const journal = await journalFor(t, { queueBytes: 10_000 });
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () => journal.consume(batch("a", undefined, 4000))),
  );
  const kept = results.filter(({ status }) => status === "fulfilled").length;
  assert.ok(kept >= 1 && kept <= 3, `${kept} kept`);
  assert.equal(journal.status().refusedRows, 10 - kept);
});

test("a call whose row was refused is closed all the same", async (t) => {
  const journal = await journalFor(t, { queueBytes: 100 });
  await journal.announce([call(1), call(2)]);
  const [first, second] = await Promise.allSettled([journal.consume(batch("a")), journal.consume(batch("b", [1]))]);
  assert.deepEqual([first.status, second.status], ["fulfilled", "rejected"]);
  await journal.consume(batch("c"));
  assert.deepEqual(
    openCallsAfter(framesIn(journal, 1)).map(({ callNumber }) => callNumber),
    [2],
  );
});

test("closing commits what was handed over and then refuses", async (t) => {
  const journal = await journalFor(t);
  const handedOver = [journal.consume(batch("a")), journal.consume(batch("b"))];
  const closed = journal[Symbol.asyncDispose]();
  await assert.rejects(journal.consume(batch("late")), isRefusal("JOURNAL_CLOSED"));
  await Promise.all([...handedOver, closed]);
  assert.equal(framesIn(journal, 1).filter(({ kind }) => kind === rowsKind).length, 2);
  assert.equal(journal.status().state, "closed");
});

test("an idle journal writes nothing", async (t) => {
  const journal = await journalFor(t);
  assert.deepEqual(readdirSync(journal.folder).sort(), ["owner.lock", "position"]);
  await journal.consume(batch("a"));
  const stamps = () => readdirSync(journal.folder).map((name) => statSync(join(journal.folder, name)).mtimeMs);
  const before = stamps();
  await passedPause();
  assert.deepEqual(stamps(), before);
});

test("the owner lives until it closes, in this process and for others", async (t) => {
  const journal = await journalFor(t);
  const module = join(import.meta.dirname, "owner.ts");
  const script = `import { ownerIsAlive } from ${JSON.stringify(module)}; process.stdout.write(String(ownerIsAlive(${JSON.stringify(journal.folder)})))`;
  const askedByAnother = () =>
    execFileSync(process.execPath, ["--input-type=module-typescript", "-e", script]).toString();
  assert.deepEqual([ownerIsAlive(journal.folder), askedByAnother()], [true, "true"]);
  await journal[Symbol.asyncDispose]();
  assert.deepEqual([ownerIsAlive(journal.folder), askedByAnother()], [false, "false"]);
});

for (const name of ["", "../x", "a b", "set-aside", ".x", "x".repeat(65)]) {
  test(`${JSON.stringify(name)} is no producer's name`, async (t) => {
    await assert.rejects(journalFor(t, { producer: name }), TypeError);
  });
}

const isRoot = process.getuid?.() === 0;
test("a disk that is really full", { skip: isRoot ? false : "needs root to mount a small tmpfs" }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "weir-full-"));
  t.after(() => rmSync(directory, { recursive: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], { stdio: "ignore" });
  } catch {
    t.skip("mounting a tmpfs is not allowed here");
    return;
  }
  try {
    await fillAndFree(directory);
  } finally {
    execFileSync("umount", ["-l", directory]);
  }
});

async function fillAndFree(directory: string): Promise<void> {
  const ballast = join(directory, "ballast");
  writeFileSync(ballast, Buffer.alloc(800 << 10));
  const journal = await openJournal({ directory, producer: "full", telemetry: silentTelemetry, reserveBytes: 0 });
  let kept = 0;
  const refusal = await (async () => {
    for (;;) {
      await journal.consume(batch("a", undefined, 10_000));
      kept++;
    }
  })().catch((error: unknown) => error);
  assert.ok(isRefusal("JOURNAL_DISK_FULL")(refusal));
  assert.ok(kept > 5 && kept < 25, `${kept} kept`);
  rmSync(ballast);
  await passedPause();
  await journal.consume(batch("after", undefined, 10_000));
  await journal[Symbol.asyncDispose]();
  const read = (await listSegments(journal.folder)).flatMap((segment) => framesIn(journal, segment));
  assert.equal(read.filter(({ kind }) => kind === rowsKind).length, kept + 1);
}
