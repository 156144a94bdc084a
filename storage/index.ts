export type { Capabilities } from "./capabilities.ts";
export { type Engine, type EngineExit, type EngineOptions, startEngine } from "./engine/engine.ts";
export { compileLauncher } from "./engine/launcher.ts";
export { freeLoopbackPort } from "./engine/port.ts";
export { storageEvents } from "./events.ts";
export type { MigrationReport } from "./schema/migrate.ts";
export * from "./sql/index.ts";
export {
  type InsertRequest,
  openStore,
  type QueryLimits,
  type QueryOptions,
  type QueryParams,
  type Store,
  type StoreOptions,
} from "./store.ts";
