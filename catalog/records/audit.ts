import { hash } from "node:crypto";
import { newId, type OrganizationId, type ProjectId } from "@weir/model";
import { type Kysely, sql } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";

/** Who does something, and from where. `system` is Weir itself; `owner` is who owns this machine. */
export interface Actor {
  readonly kind: "user" | "key" | "owner" | "system" | "anonymous";
  /** Of the user or the key; empty for the others. */
  readonly id: string;
  /** The user's address or the key's name, as it was then. */
  readonly name: string;
  readonly address: string;
  readonly userAgent: string;
}

export const systemActor: Actor = { kind: "system", id: "", name: "Weir", address: "", userAgent: "" };

/** What happened to what. Neither `before` nor `after` may hold a secret or captured content. */
export interface AuditFact {
  /** `key.create`, `member.update`: the kind of target, and what was done. */
  readonly action: string;
  readonly organizationId?: string | null | undefined;
  readonly projectId?: string | null | undefined;
  readonly target: { readonly kind: string; readonly id: string };
  /** Who it turned out to be, where nobody was known when the request came: signing in, accepting an invitation. */
  readonly by?: Pick<Actor, "kind" | "id" | "name"> | undefined;
  readonly before?: object | undefined;
  readonly after?: object | undefined;
}

/** Somebody who has just shown who they are. */
export function asActor({ id, email }: { readonly id: string; readonly email: string }): NonNullable<AuditFact["by"]> {
  return { kind: "user", id, name: email };
}

export const machineOwner: NonNullable<AuditFact["by"]> = { kind: "owner", id: "", name: "owner of this machine" };

export interface AuditEntry {
  /** Counts up by one without gaps; the order of what happened. */
  readonly sequence: number;
  readonly id: string;
  readonly time: Date;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly actor: Actor;
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly before: unknown;
  readonly after: unknown;
  readonly previousHash: string;
  /** Of this entry's fields and the hash of the entry before: see `auditHash`. */
  readonly hash: string;
}

/** Which entries; all that are given must hold. */
export interface AuditQuestion {
  readonly organizationId: OrganizationId | "all";
  readonly projectId?: ProjectId | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly targetId?: string | undefined;
  /** Part of the actor's name, the action, the target or the values; any case. */
  readonly text?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Only entries before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

type AuditRow = CatalogTables["audit_entries"];

const longestFieldLength = 300;

/** Appends entries; the last thing that a transaction does, since every transaction that appends waits for this row. */
export async function appendAudit(
  transaction: Transacted,
  actor: Actor,
  facts: readonly AuditFact[],
  now: number,
): Promise<void> {
  if (facts.length === 0) return;
  let { sequence, hash: previousHash } = await transaction
    .updateTable("audit_head")
    .set((expression) => ({ sequence: expression("sequence", "+", facts.length) }))
    .returning(["sequence", "hash"])
    .executeTakeFirstOrThrow();
  sequence -= facts.length;
  for (const fact of facts) {
    sequence += 1;
    const organizationId = fact.organizationId ?? (await organizationOf(transaction, fact.projectId));
    const row = entryRow({ ...fact, organizationId }, { ...actor, ...fact.by }, { sequence, now, previousHash });
    await transaction.insertInto("audit_entries").values(row).execute();
    previousHash = row.hash;
  }
  await transaction.updateTable("audit_head").set({ hash: previousHash }).execute();
}

async function organizationOf(transaction: Transacted, project: string | null | undefined): Promise<string | null> {
  if (project === null || project === undefined) return null;
  const query = transaction.selectFrom("projects").select("organization_id").where("id", "=", project);
  return (await query.executeTakeFirst())?.organization_id ?? null;
}

interface EntryPlace {
  readonly sequence: number;
  readonly now: number;
  readonly previousHash: string;
}

function entryRow(fact: AuditFact, actor: Actor, { sequence, now, previousHash }: EntryPlace): AuditRow {
  const row = {
    sequence,
    id: newId("aud"),
    time: now,
    organization_id: fact.organizationId ?? null,
    project_id: fact.projectId ?? null,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: shortened(actor.name),
    address: shortened(actor.address),
    user_agent: shortened(actor.userAgent),
    action: fact.action,
    target_kind: fact.target.kind,
    target_id: shortened(fact.target.id),
    before_value: fact.before === undefined ? null : JSON.stringify(fact.before),
    after_value: fact.after === undefined ? null : JSON.stringify(fact.after),
    previous_hash: previousHash,
  };
  return { ...row, hash: auditHash(row) };
}

function shortened(text: string): string {
  // A pair that is cut would come back from the database as another character, and break the chain.
  return text.slice(0, longestFieldLength).toWellFormed();
}

/** SHA-256 over the entry's fields in the order of the table, as a JSON array, the hash of the entry before among them. */
export function auditHash(row: Omit<AuditRow, "hash">): string {
  const fields = [
    row.sequence,
    row.id,
    row.time,
    row.organization_id,
    row.project_id,
    row.actor_kind,
    row.actor_id,
    row.actor_name,
    row.address,
    row.user_agent,
    row.action,
    row.target_kind,
    row.target_id,
    row.before_value,
    row.after_value,
    row.previous_hash,
  ];
  return hash("sha256", JSON.stringify(fields), "hex");
}

/** Newest first. */
export async function selectAudit(
  connection: Kysely<CatalogTables>,
  question: AuditQuestion,
): Promise<readonly AuditEntry[]> {
  let query = connection.selectFrom("audit_entries").selectAll();
  if (question.organizationId !== "all") query = query.where("organization_id", "=", question.organizationId);
  if (question.projectId !== undefined) query = query.where("project_id", "=", question.projectId);
  if (question.action !== undefined) query = query.where("action", "=", question.action);
  if (question.targetId !== undefined) query = query.where("target_id", "=", question.targetId);
  if (question.from !== undefined) query = query.where("time", ">=", question.from.getTime());
  if (question.to !== undefined) query = query.where("time", "<", question.to.getTime());
  if (question.before !== undefined) query = query.where("sequence", "<", question.before);
  const { actor, text } = question;
  if (actor !== undefined) {
    query = query.where((where) => where.or([where("actor_id", "=", actor), where("actor_name", "=", actor)]));
  }
  if (text !== undefined) {
    const pattern = `%${text.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
    const columns = ["actor_name", "action", "target_id", "before_value", "after_value", "address"] as const;
    query = query.where((where) =>
      where.or(columns.map((column) => sql<boolean>`lower(${sql.ref(column)}) like ${pattern} escape '\\'`)),
    );
  }
  const rows = await query.orderBy("sequence", "desc").limit(question.limit).execute();
  return rows.map(asEntry);
}

/** The first entry that was altered or is missing; undefined while the whole log is as it was written. */
export async function firstBrokenEntry(connection: Kysely<CatalogTables>): Promise<number | undefined> {
  const pageSize = 1000;
  let expected = { sequence: 0, hash: "" };
  for (;;) {
    const rows = await connection
      .selectFrom("audit_entries")
      .selectAll()
      .where("sequence", ">", expected.sequence)
      .orderBy("sequence")
      .limit(pageSize)
      .execute();
    for (const row of rows) {
      const follows = row.sequence === expected.sequence + 1 && row.previous_hash === expected.hash;
      if (!follows || auditHash(row) !== row.hash) return expected.sequence + 1;
      expected = row;
    }
    if (rows.length < pageSize) break;
  }
  const head = await connection.selectFrom("audit_head").selectAll().executeTakeFirstOrThrow();
  return head.sequence === expected.sequence && head.hash === expected.hash ? undefined : expected.sequence + 1;
}

function asEntry(row: AuditRow): AuditEntry {
  return {
    sequence: row.sequence,
    id: row.id,
    time: new Date(row.time),
    organizationId: row.organization_id,
    projectId: row.project_id,
    actor: {
      kind: row.actor_kind as Actor["kind"],
      id: row.actor_id,
      name: row.actor_name,
      address: row.address,
      userAgent: row.user_agent,
    },
    action: row.action,
    target: { kind: row.target_kind, id: row.target_id },
    before: row.before_value === null ? null : JSON.parse(row.before_value),
    after: row.after_value === null ? null : JSON.parse(row.after_value),
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
