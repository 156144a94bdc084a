import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCatalog, openCatalogReader, openKeyUses } from "@weir/catalog";
import { defaultProjectId, silentTelemetry as telemetry } from "@weir/model";

/**
 * What the check of a Weir key adds to a gateway call or an OTLP request: digest, look-up, expiry, scope, and the note
 * of its use, among 1,000 keys. `node bench/auth.ts`
 */

const keyCount = 1000;
const checksInRound = 200_000;
const rounds = 7;

const folder = mkdtempSync(join(tmpdir(), "weir-bench-auth-"));
try {
  const place = { file: join(folder, "catalog.sqlite"), secretKeyFile: join(folder, "secret.key"), telemetry };
  await using catalog = await openCatalog(place);
  await catalog.ensureInitial();
  const secrets: string[] = [];
  for (let index = 0; index < keyCount; index += 100) {
    const names = Array.from({ length: 100 }, (_, offset) => `key ${index + offset}`);
    const made = await Promise.all(names.map((name) => catalog.createApiKey({ projectId: defaultProjectId, name })));
    secrets.push(...made.map(({ secret }) => secret));
  }
  await using reader = await openCatalogReader(place);
  await using uses = openKeyUses({ ...place, spoolDirectory: join(folder, "uses"), name: "bench" });
  const microseconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage();
    for (let index = 0; index < checksInRound; index++) {
      const key = reader.current().apiKey(secrets[index % keyCount] ?? "");
      if (key?.scopes.includes("gateway") !== true) throw new Error("a key was refused");
      uses.record(key.id);
    }
    const { user, system } = process.cpuUsage(started);
    microseconds.push((user + system) / checksInRound);
  }
  microseconds.sort((one, other) => one - other);
  const shown = (value: number | undefined) => `${(value ?? 0).toFixed(2)} µs`;
  process.stdout.write(`${keyCount} keys, processor time of a check: `);
  process.stdout.write(`median ${shown(microseconds[rounds >> 1])}, worst round ${shown(microseconds.at(-1))}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
