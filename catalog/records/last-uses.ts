import type { Telemetry } from "@weir/model";
import type { CatalogDatabase } from "../database/database.ts";
import { lastUsesLost } from "../events.ts";

const flushIntervalMs = 30_000;
const rememberedKeys = 10_000;

/** When keys were last used, gathered in memory and written now and then: a write a call would be far too many. */
export interface LastUses extends AsyncDisposable {
  record(keyId: string, at: Date): void;
  flush(): Promise<void>;
}

export function gatherLastUses(database: CatalogDatabase, telemetry: Telemetry): LastUses {
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
      await store(database, batch);
    } catch (thrown) {
      telemetry.emit(lastUsesLost, { error: String(thrown) });
      for (const [keyId, time] of batch) record(keyId, time);
    }
  };

  return {
    record: (keyId, at) => record(keyId, at.getTime()),
    flush,
    async [Symbol.asyncDispose]() {
      await flush();
      clearTimeout(timer);
    },
  };
}

async function store(database: CatalogDatabase, batch: ReadonlyMap<string, number>): Promise<void> {
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
