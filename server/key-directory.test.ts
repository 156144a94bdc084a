import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openCatalog, openCatalogReader, openKeyUses } from "@weir/catalog";
import { defaultProjectId, silentTelemetry as telemetry } from "@weir/model";
import { keysForScope } from "./key-directory.ts";

test("a key opens the ways in of its scopes, and core learns of its use from the other processes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-keys-"));
  const place = { file: join(folder, "catalog.sqlite"), secretKeyFile: join(folder, "secret.key"), telemetry };
  const spoolDirectory = join(folder, "key-uses");
  try {
    await using catalog = await openCatalog(place);
    await catalog.ensureInitial();
    const ingest = await catalog.createApiKey({ projectId: defaultProjectId, name: "i", scopes: ["ingest"] });
    const unused = await catalog.createApiKey({ projectId: defaultProjectId, name: "u", scopes: ["ingest"] });
    await using reader = await openCatalogReader(place);
    const uses = openKeyUses({ ...place, spoolDirectory, name: "ingest-0" });
    const receivers = keysForScope(reader, "ingest", uses);
    const gateway = keysForScope(reader, "gateway", uses);
    assert.equal(receivers.current().apiKey(ingest.secret)?.id, ingest.id);
    assert.equal(receivers.current().apiKey("weir_unknown"), undefined);
    assert.throws(() => gateway.current().apiKey(ingest.secret), { code: "FORBIDDEN" });
    assert.equal(receivers.current(), receivers.current());
    await uses[Symbol.asyncDispose]();
    await catalog.collectKeyUses(spoolDirectory);
    await catalog.collectKeyUses(spoolDirectory);
    const keys = await catalog.listApiKeys(defaultProjectId);
    assert.ok((keys.find(({ id }) => id === ingest.id)?.lastUsedAt?.getTime() ?? 0) > Date.now() - 60_000);
    assert.equal(keys.find(({ id }) => id === unused.id)?.lastUsedAt, null);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
