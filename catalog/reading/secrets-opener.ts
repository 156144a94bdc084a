import type { Telemetry } from "@weir/model";
import { secretUnreadable } from "../events.ts";
import { boundTo } from "../records/connections.ts";
import { type MasterKeyPlace, readKeys } from "../secrets/key-ring.ts";
import type { MasterKey } from "../secrets/master-key.ts";
import { sealedWith, unseal } from "../secrets/sealing.ts";
import type { ConnectionRow } from "./snapshot.ts";

const retryMs = 10_000;

/** Opens sealed secrets when they are first needed, and remembers them in memory alone. */
export interface SecretsOpener {
  open(row: ConnectionRow): string | undefined;
  /** Forgets what no row holds any more. */
  keepOnly(rows: readonly ConnectionRow[]): void;
}

export function openSecrets(place: MasterKeyPlace, telemetry: Telemetry, now: () => number): SecretsOpener {
  const opened = new Map<string, string>();
  const failedAt = new Map<string, number>();
  let keys: readonly MasterKey[] = [];

  /** While the master key is being changed there are two; a secret says which one opens it. */
  const keyOf = (row: ConnectionRow): MasterKey | undefined => {
    const find = () => keys.find((key) => sealedWith(row.sealed_secret, key));
    const known = find();
    if (known !== undefined) return known;
    keys = readKeys(place);
    return find();
  };

  const unsealRow = (row: ConnectionRow): string | undefined => {
    const key = keyOf(row);
    return key === undefined ? undefined : unseal(row.sealed_secret, key, boundTo(row));
  };

  /** The key may have come, or been restored, after this process started: a failure reads it again, now and then. */
  const tryRow = (row: ConnectionRow): string | undefined => {
    try {
      return unsealRow(row);
    } catch {
      return undefined;
    }
  };

  return {
    open(row) {
      const name = nameOf(row);
      const known = opened.get(name);
      if (known !== undefined) return known;
      if (now() - (failedAt.get(name) ?? Number.NEGATIVE_INFINITY) < retryMs) return undefined;
      const secret = tryRow(row);
      if (secret !== undefined) {
        opened.set(name, secret);
        return secret;
      }
      keys = [];
      failedAt.set(name, now());
      telemetry.emit(secretUnreadable, { connection: row.id, provider: row.provider });
      return undefined;
    },
    keepOnly(rows) {
      const names = new Set(rows.map(nameOf));
      for (const name of opened.keys()) if (!names.has(name)) opened.delete(name);
      failedAt.clear();
    },
  };
}

/** A secret is remembered only for exactly the row that it was sealed for. */
function nameOf(row: ConnectionRow): string {
  return JSON.stringify([row.sealed_secret, ...boundTo(row)]);
}
