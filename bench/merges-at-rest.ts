import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@weir/storage";

/** Resolves when the engine has merged what it wants to. */
export async function mergesAtRest(store: Store): Promise<void> {
  for (let calm = 0; calm < 5; calm++) {
    const [running] = await store.query<{ n: number }>("SELECT count() AS n FROM system.merges");
    if (running !== undefined && running.n > 0) calm = 0;
    await sleep(500);
  }
}
