import { setTimeout as sleep } from "node:timers/promises";
import { type Catalog, type CatalogOptions, openCatalog } from "@weir/catalog";
import { asCodedError } from "@weir/model";
import { catalogAwaited } from "./events.ts";

const pauseMs = { first: 250, last: 5000 } as const;

/**
 * Opens the catalog, and waits for a PostgreSQL database that does not answer, until `stopping`: what comes up before
 * it is ready when it is. Rejects at once with what waiting does not mend.
 */
export async function openCatalogPatiently(options: CatalogOptions, stopping?: AbortSignal): Promise<Catalog> {
  for (let pause: number = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.last)) {
    try {
      return await openCatalog(options);
    } catch (thrown) {
      const { code, cause } = asCodedError(thrown);
      if (options.url === undefined || code !== "CATALOG_UNAVAILABLE" || stopping?.aborted) throw thrown;
      options.telemetry.emit(catalogAwaited, { error: causeText(cause), next_try_ms: pause });
      await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
}

/** What the driver says; it names the host and the user, never the password. */
function causeText(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(causeText).join("; ");
  return cause instanceof Error ? cause.message : String(cause);
}
