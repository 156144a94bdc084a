import type { Telemetry } from "@weir/model";
import type { CatalogDatabase } from "../database/database.ts";
import { lastUsesLost } from "../events.ts";

const flushIntervalMs = 30_000;
const rememberedKeys = 10_000;

/** When each key was last used, by its id: milliseconds since 1970. */
export type UseTimes = ReadonlyMap<string, number>;

/** When keys were last used, gathered in memory and stored now and then: a write a call would be far too many. */
export interface LastUses extends AsyncDisposable {
  record(keyId: string, at: Date): void;
}

/** `store` gets what was gathered; what it rejects is given to it again later. */
export function gatherLastUses(store: (batch: UseTimes) => Promise<void>, telemetry: Telemetry): LastUses {
  let pending = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  const record = (keyId: string, time: number): void => {
    if (!pending.has(keyId) && pending.size >= rememberedKeys) return;
    pending.set(keyId, Math.max(time, pending.get(keyId) ?? 0));
    timer ??= setTimeout(() => void flush(), flushIntervalMs).unref();
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const batch = pending;
    pending = new Map();
    if (batch.size === 0) return;
    try {
      await store(batch);
    } catch (thrown) {
      telemetry.emit(lastUsesLost, { error: String(thrown) });
      for (const [keyId, time] of batch) record(keyId, time);
    }
  };

  return {
    record: (keyId, at) => record(keyId, at.getTime()),
    async [Symbol.asyncDispose]() {
      await flush();
      clearTimeout(timer);
    },
  };
}

export async function storeUses(database: CatalogDatabase, batch: UseTimes): Promise<void> {
  await database.write(async (transaction) => {
    for (const [keyId, time] of batch) {
      await transaction
        .updateTable("api_keys")
        .set({ last_used_at: time })
        .where("id", "=", keyId)
        .where((where) => where.or([where("last_used_at", "is", null), where("last_used_at", "<", time)]))
        .execute();
    }
  });
}
