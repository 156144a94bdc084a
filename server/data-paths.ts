import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where everything of one Weir is on disk. */
export interface DataPaths {
  readonly data: string;
  readonly run: string;
  readonly catalogFile: string;
  readonly catalogCacheFile: string;
  readonly secretKeyFile: string;
  /** Which keys gateway and receivers saw, until core has noted it. */
  readonly keyUses: string;
  readonly journal: string;
  /** Which exports the receivers took. */
  readonly exports: string;
  readonly engine: string;
  /** The engine's address and password, for core. */
  readonly engineFile: string;
  /** The configuration as the supervisor read it, for its children. */
  readonly configFile: string;
  /** A key of the API for `weir` on this machine; made anew by each core. */
  readonly cliKeyFile: string;
  readonly sockets: string;
  readonly coreSocket: string;
  readonly ingestSocket: string;
  internalSocket(role: string, index: number): string;
}

// A Unix socket's path has at most 107 bytes, and each is made as `<name>.<pid>` first.
const longestSocketFolder = 107 - "gateway-255.internal.sock.4194304".length - 1;

/** The paths of a data directory, its folders made where they are missing, for this user alone. */
export function openDataPaths(data: string): DataPaths {
  const run = join(data, "run");
  const short = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const sockets = Buffer.byteLength(run) <= longestSocketFolder ? run : join(tmpdir(), `weir-${short}`);
  for (const folder of [data, run, sockets, join(data, "journal"), join(data, "exports"), join(data, "engine")]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return {
    data,
    run,
    catalogFile: join(data, "catalog.sqlite"),
    catalogCacheFile: join(run, "catalog.json"),
    secretKeyFile: join(data, "secret.key"),
    keyUses: join(run, "key-uses"),
    journal: join(data, "journal"),
    exports: join(data, "exports"),
    engine: join(data, "engine"),
    engineFile: join(run, "engine.json"),
    configFile: join(run, "config.json"),
    cliKeyFile: join(run, "cli.key"),
    sockets,
    coreSocket: join(sockets, "core.sock"),
    ingestSocket: join(sockets, "ingest.sock"),
    internalSocket: (role, index) => join(sockets, `${role}-${index}.internal.sock`),
  };
}
