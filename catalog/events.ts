import type { EventDefinition } from "@weir/model";

export const migrated = {
  level: "info",
  message: "The catalog's schema was brought up to date.",
} as const satisfies EventDefinition;

export const masterKeyCreated = {
  level: "info",
  message: "A master key was created. Back it up: without it the providers' keys in the catalog cannot be read.",
} as const satisfies EventDefinition;

export const databaseUnreachable = {
  level: "warn",
  message: "The catalog database does not answer.",
  counter: "catalog_failures",
} as const satisfies EventDefinition;

export const refreshFailed = {
  level: "warn",
  message: "The catalog could not be read; what was read before stays in use.",
  counter: "catalog_refresh_failures",
} as const satisfies EventDefinition;

export const startedFromSnapshot = {
  level: "warn",
  message: "The catalog cannot be read; its last snapshot on disk is in use.",
} as const satisfies EventDefinition;

export const snapshotNotKept = {
  level: "warn",
  message: "The catalog's snapshot could not be written to disk.",
  counter: "catalog_snapshot_failures",
} as const satisfies EventDefinition;

export const secretUnreadable = {
  level: "error",
  message: "A provider connection's secret cannot be opened with this master key; enter the provider's key again.",
  counter: "catalog_unreadable_secrets",
} as const satisfies EventDefinition;

export const lastUsesLost = {
  level: "warn",
  message: "When keys were last used could not be stored; it is tried again.",
  counter: "catalog_last_use_failures",
} as const satisfies EventDefinition;
