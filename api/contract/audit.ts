import { z } from "zod";
import { identifier, time } from "./fields.ts";

export const auditEntry = z
  .object({
    sequence: z.number().int().describe("Counts up by one without gaps, over the whole install."),
    id: z.string(),
    time,
    organization_id: z.string().nullable(),
    project_id: z.string().nullable(),
    actor: z.object({
      kind: z.enum(["user", "key", "owner", "system", "anonymous"]),
      id: z.string(),
      name: z.string().describe("The user's address or the key's name, as it was then."),
      address: z.string(),
      user_agent: z.string(),
    }),
    action: z.string().describe("Such as `key.create`, `member.update`, `content.read`."),
    target: z.object({ kind: z.string(), id: z.string() }),
    before: z.unknown().describe("What was, where something changed or went; never a secret."),
    after: z.unknown().describe("What is, where something came or changed; never a secret."),
    hash: z.string().describe("SHA-256 over this entry and the hash of the one before."),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntry = z.infer<typeof auditEntry>;

/** Whether the log is as it was written. */
export const auditVerification = z
  .object({
    entry_count: z.number().int(),
    first_broken: z
      .number()
      .int()
      .nullable()
      .describe("The first entry that was altered or is missing; null while the whole chain holds."),
    head_hash: z.string().describe("The last entry's hash: kept elsewhere, it also tells of entries cut off the end."),
    checked_at: time,
  })
  .meta({ id: "AuditVerification" });
export type AuditVerification = z.infer<typeof auditVerification>;

const auditFilter = {
  organization_id: identifier.optional().describe("Default: the caller's first."),
  project_id: identifier.optional(),
  actor: z.string().max(320).optional().describe("A user's or key's id, or a user's address."),
  action: z.string().max(80).optional(),
  target_id: z.string().max(300).optional(),
  q: z.string().min(1).max(200).optional().describe("Text in names, actions, targets and values; any case."),
  from: time.optional(),
  to: time.optional(),
};

export const listAuditQuery = z.object({
  ...auditFilter,
  limit: z.coerce.number().int().min(1).max(500).default(100),
  before: z.coerce.number().int().positive().optional().describe("`next_before` of the page before."),
});
export type ListAuditQuery = z.input<typeof listAuditQuery>;

export const auditPage = z
  .object({
    data: z.array(auditEntry),
    next_before: z.number().int().nullable().describe("Give it as `before` for the next page; null on the last."),
  })
  .meta({ id: "AuditPage" });
export type AuditPage = z.infer<typeof auditPage>;

export const exportAuditQuery = z.object({
  ...auditFilter,
  format: z.enum(["jsonl", "csv"]).default("jsonl"),
});
