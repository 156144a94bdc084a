import type { EventDefinition } from "@weir/model";

/** What storage has to tell: the life of the embedded engine, and of the schema. */
export const storageEvents = {
  engineReady: { level: "info", message: "The embedded engine is ready." },
  engineExited: {
    level: "error",
    message: "The embedded engine ended unasked.",
    counter: "engine_exits",
    labels: ["signal"],
  },
  engineWithoutLauncher: {
    level: "warn",
    message: "The engine's launcher cannot run here (is the disk mounted noexec?); Node loads the engine instead.",
  },
  engineDirectoryBusy: {
    level: "warn",
    message: "The engine's directory is still in use by another process; waiting for it to end.",
  },
  unfinishedInsertsForgotten: {
    level: "info",
    message: "The engine was killed within an insert; the insert will be repeated.",
  },
  migrationApplied: {
    level: "debug",
    message: "A migration of the storage schema was applied.",
    counter: "migrations",
  },
  migrationChanged: {
    level: "warn",
    message: "A migration differs from the one that was applied; the data keeps the schema of then.",
  },
  migrationLockTaken: {
    level: "warn",
    message: "Took over the lock of a migration whose process has ended or is silent.",
  },
} as const satisfies Record<string, EventDefinition>;
