import type { Telemetry } from "@weir/model";
import { type CatalogLocation, openDatabase } from "../database/database.ts";
import { gatherLastUses, storeUses } from "./last-uses.ts";
import { openSpool } from "./use-spool.ts";

export type KeyUsesOptions = CatalogLocation & {
  /** Where processes leave the times for core when the catalog is a file, which core alone writes. */
  readonly spoolDirectory: string;
  /** This process's, and no other's. */
  readonly name: string;
  readonly telemetry: Telemetry;
};

/** Notes in a process that only reads the catalog which keys are in use. `record` costs a look into a map. */
export interface KeyUses extends AsyncDisposable {
  record(keyId: string): void;
}

/** With PostgreSQL the times are written there, else left for core, each half minute. */
export function openKeyUses(options: KeyUsesOptions): KeyUses {
  const { telemetry } = options;
  if (options.url === undefined) {
    const uses = gatherLastUses(openSpool(options.spoolDirectory, options.name), telemetry);
    return { record: (id) => uses.record(id, new Date()), [Symbol.asyncDispose]: () => uses[Symbol.asyncDispose]() };
  }
  const database = openDatabase(options, telemetry);
  const uses = gatherLastUses((batch) => storeUses(database, batch), telemetry);
  return {
    record: (id) => uses.record(id, new Date()),
    async [Symbol.asyncDispose]() {
      await uses[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
