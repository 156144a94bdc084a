import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultProjectId, type EventDefinition, type Telemetry } from "@weir/model";
import { openCatalog } from "./catalog.ts";
import { describeCatalog, eventually } from "./conformance.ts";
import { openCatalogReader } from "./reading/reader.ts";

describeCatalog("the catalog in SQLite", async (folder) => ({ file: join(folder, "data", "catalog.sqlite") }));

interface Place {
  readonly file: string;
  readonly secretKeyFile: string;
  readonly telemetry: Telemetry;
  readonly events: EventDefinition[];
}

async function inFolder(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "weir-catalog-"));
  const events: EventDefinition[] = [];
  const telemetry: Telemetry = { emit: (event) => void events.push(event) };
  try {
    await run({ file: join(folder, "catalog.sqlite"), secretKeyFile: join(folder, "secret.key"), telemetry, events });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the files can be read by this user alone", () =>
  inFolder(async (place) => {
    await using catalog = await openCatalog(place);
    await catalog.ensureInitial();
    for (const name of readdirSync(join(place.file, ".."))) {
      assert.equal(statSync(join(place.file, "..", name)).mode & 0o077, 0, name);
    }
  }));

test("a reader follows when the file is replaced, and keeps what it has while there is none", () =>
  inFolder(async (place) => {
    const first = await openCatalog(place);
    await first.ensureInitial({ initApiKey: "the first key" });
    await using reader = await openCatalogReader(place);
    assert.ok(reader.current().apiKey("the first key"));
    await first[Symbol.asyncDispose]();
    for (const ending of ["", "-wal", "-shm"]) rmSync(place.file + ending, { force: true });
    await reader.refresh();
    assert.ok(reader.current().apiKey("the first key"));

    const other = { ...place, file: `${place.file}.other` };
    const second = await openCatalog(other);
    await second.ensureInitial({ initApiKey: "the second key" });
    await second[Symbol.asyncDispose]();
    renameSync(other.file, place.file);
    await eventually(() => reader.current().apiKey("the second key"));
    assert.equal(reader.current().apiKey("the first key"), undefined);
  }));

test("a reader survives a file that is no database, and says so once", () =>
  inFolder(async (place) => {
    writeFileSync(place.file, "this is not a database, and long enough to be taken for one ".repeat(20));
    await using reader = await openCatalogReader(place);
    await reader.refresh();
    assert.equal(reader.current().projects().length, 0);
    assert.deepEqual(
      place.events.map(({ counter }) => counter),
      ["catalog_refresh_failures"],
    );
    await assert.rejects(openCatalog(place), /could not be opened|failed/);
  }));

test("secrets sealed with a lost master key are missing, counted, and do not throw", () =>
  inFolder(async (place) => {
    const catalog = await openCatalog(place);
    await catalog.ensureInitial();
    await catalog.createConnection({ projectId: defaultProjectId, provider: "openai", secret: "sk-1" });
    await catalog[Symbol.asyncDispose]();
    rmSync(place.secretKeyFile);
    await using again = await openCatalog(place);
    assert.equal(again.current().connection(defaultProjectId, "openai"), undefined);
    assert.equal(again.current().connection(defaultProjectId, "openai"), undefined);
    assert.equal(place.events.filter(({ counter }) => counter === "catalog_unreadable_secrets").length, 1);
  }));
