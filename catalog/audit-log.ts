import type { CatalogContext } from "./context.ts";
import { type AuditEntry, type AuditFact, type AuditQuestion, firstBrokenEntry, selectAudit } from "./records/audit.ts";

/** What was done, by whom, to what. Entries of changes are written with the change; nothing alters or removes one. */
export interface AuditLog {
  /** Resolves once the entry is on disk: for what changes nothing, such as a read of captured content. */
  record(fact: AuditFact): Promise<void>;
  /** Newest first. */
  list(question: AuditQuestion): Promise<readonly AuditEntry[]>;
  /** The first entry that was altered or is missing; undefined while the log is as it was written. */
  firstBroken(): Promise<number | undefined>;
}

export function auditLogOf(context: CatalogContext): AuditLog {
  return {
    record: (fact) => context.write(async ({ audit }) => audit(fact)),
    list: (question) => context.read((connection) => selectAudit(connection, question)),
    firstBroken: () => context.read(firstBrokenEntry),
  };
}
