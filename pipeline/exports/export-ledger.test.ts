import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CodedError, defaultProjectId, newSpanRow, type ProjectId, silentTelemetry } from "@weir/model";
import { createBlockWriter } from "../blocks/block-writer.ts";
import type { Journal } from "../journal/contract.ts";
import { openJournal } from "../journal/journal.ts";
import { exportKey } from "./export-key.ts";
import { type ExportLedger, openExportLedger } from "./export-ledger.ts";
import { ExportMemory } from "./export-memory.ts";

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-exports-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Opened {
  readonly journal: Journal;
  readonly ledger: ExportLedger;
}

async function opened(context: TestContext, folder: string, now = () => Date.now()): Promise<Opened> {
  const journal = await openJournal({
    directory: join(folder, "journal"),
    producer: "ingest-0",
    telemetry: silentTelemetry,
  });
  const ledger = await openExportLedger({
    journal,
    directory: join(folder, "exports"),
    telemetry: silentTelemetry,
    now,
  });
  context.after(async () => {
    await ledger[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
  });
  return { journal, ledger };
}

const blocks = createBlockWriter("spans");
const rows = () => {
  blocks.append(newSpanRow(defaultProjectId, "otlp", 1n));
  return blocks.finish();
};
const shop = "shop" as ProjectId;
const key = (name: string) => exportKey(shop, Buffer.from(name));

test("a key is of the project and of every byte, short or long", () => {
  const seen = new Set<string>();
  for (const length of [0, 1, 100, 16_383, 16_384, 16_385, 100_000]) {
    const bytes = Buffer.alloc(length, 1);
    const variants = [bytes];
    if (length > 0) variants.push(Buffer.concat([bytes.subarray(1), Buffer.of(2)]));
    for (const variant of variants) {
      for (const project of [shop, defaultProjectId]) {
        const { high, low } = exportKey(project, variant);
        assert.ok(Number.isSafeInteger(high) && high >= 2 ** 52 && low >= 2 ** 52);
        assert.deepEqual(exportKey(project, Buffer.from(variant)), { high, low });
        seen.add(`${high}/${low}`);
      }
    }
  }
  assert.equal(seen.size, 26);
});

test("an export is taken once, at a time or together", async (context) => {
  const { journal, ledger } = await opened(context, folderFor(context));
  assert.equal(await ledger.takeOnce(key("a"), rows), true);
  assert.equal(await ledger.takeOnce(key("a"), rows), false);
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => ledger.takeOnce(key("b"), rows))), [true, false, false]);
  assert.equal(journal.status().acknowledgedRows, 2);
});

test("what could not be taken may come again", async (context) => {
  const { ledger } = await opened(context, folderFor(context));
  const refused = () => {
    throw new CodedError("BAD_REQUEST", "no");
  };
  await assert.rejects(ledger.takeOnce(key("a"), refused), { code: "BAD_REQUEST" });
  assert.equal(await ledger.takeOnce(key("a"), () => undefined), true);
  assert.equal(await ledger.takeOnce(key("a"), rows), true);
  assert.equal(await ledger.takeOnce(key("a"), rows), false);
});

test("after a restart what was taken is known, for the window and no longer than is promised twice", async (context) => {
  const folder = folderFor(context);
  const first = await opened(context, folder);
  await first.ledger.takeOnce(key("a"), rows);
  await first.ledger[Symbol.asyncDispose]();
  await first.journal[Symbol.asyncDispose]();
  const second = await opened(context, folder);
  assert.equal(await second.ledger.takeOnce(key("a"), rows), false);
  const later = await opened(context, folder, () => Date.now() + 3_600_000);
  assert.equal(await later.ledger.takeOnce(key("a"), rows), true);
});

test("a process that died between the journal and the log left the key with its rows", async (context) => {
  const folder = folderFor(context);
  const { journal } = await opened(context, folder);
  const { high, low } = key("a");
  await journal.consume({ ...rows(), closes: [high, low] });
  // The ledger holds the segment soon after it is made; then the writer may drain it and delete it.
  for (let tries = 0; tries < 6000; tries++) {
    if (readdirSync(join(folder, "exports", journal.incarnation)).some((name) => name.endsWith(".journal"))) break;
    await new Promise((done) => setTimeout(done, 10));
  }
  await journal[Symbol.asyncDispose]();
  rmSync(journal.folder, { recursive: true });
  const next = await opened(context, folder);
  assert.equal(await next.ledger.takeOnce(key("a"), rows), false);
  assert.equal(await next.ledger.takeOnce(key("b"), rows), true);
});

test("what a process takes that is about to go is known to the next one", async (context) => {
  const folder = folderFor(context);
  const first = await opened(context, folder);
  const second = await opened(context, folder);
  await first.ledger.takeOnce(key("a"), rows);
  let isKnown = false;
  for (let tries = 0; tries < 1200 && !isKnown; tries++) {
    await new Promise((done) => setTimeout(done, 50));
    isKnown = !(await second.ledger.takeOnce(key("a"), () => undefined));
  }
  assert.ok(isKnown);
});

test("the memory forgets the oldest first, by age and by number", () => {
  const memory = new ExportMemory({ windowMs: 900, limit: 4000 }, 0);
  memory.add(key("old"), 0);
  for (const nowMs of [300, 600, 900]) {
    assert.ok(memory.has(key("old")));
    memory.add(key(`at ${nowMs}`), nowMs);
  }
  assert.ok(memory.has(key("old")));
  memory.add(key("last"), 1200);
  assert.ok(!memory.has(key("old")));
  assert.ok(memory.has(key("at 300")));
  for (let index = 0; index < 10_000; index++) memory.add(key(`many ${index}`), 1201);
  assert.ok(memory.size <= 4000);
  assert.ok(memory.has(key("many 9999")));
  assert.ok(memory.has(key("many 7500")));
});
