import {
  newId,
  type OrganizationId,
  organizationId,
  type ProjectId,
  projectId,
  type RetentionSettings,
} from "@weir/model";
import { type Kysely, sql } from "kysely";
import type { Change } from "../context.ts";
import type { Transacted } from "../database/database.ts";
import { nameTaken } from "../database/failures.ts";
import type { CatalogTables } from "../database/schema.ts";

export interface Project {
  readonly id: ProjectId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly createdAt: Date;
  /** How long its data is kept, where the project says so itself. */
  readonly retention: RetentionSettings;
}

/** What of a project can be changed; what is absent stays. */
export interface ProjectChanges {
  readonly name?: string | undefined;
  /** A null goes back to the configuration's. */
  readonly retention?: RetentionSettings | undefined;
}

export interface NewProject {
  readonly name: string;
  /** Default: made from the name. */
  readonly id?: string | undefined;
  readonly organizationId?: string | undefined;
}

export const defaultOrganizationId = organizationId("default");

export function asProject(row: CatalogTables["projects"]): Project {
  return {
    id: projectId(row.id),
    organizationId: organizationId(row.organization_id),
    name: row.name,
    createdAt: new Date(row.created_at),
    retention: {
      spansDays: row.spans_days,
      contentDays: row.content_days,
      logsDays: row.logs_days,
      metricPointsDays: row.metric_points_days,
    },
  };
}

export async function selectProjects(connection: Kysely<CatalogTables>): Promise<Project[]> {
  const rows = await connection.selectFrom("projects").selectAll().orderBy("created_at").orderBy("id").execute();
  return rows.map(asProject);
}

/**
 * Rejects with CONFLICT when the id is taken; an id made from the name gets an ending instead. The id of another
 * organisation's project stays taken when that is gone: rows of it may still be on disk, or on their way there.
 */
export async function insertProject({ transaction, now, audit }: Change, project: NewProject): Promise<Project> {
  const organization = project.organizationId ?? defaultOrganizationId;
  if (project.id !== undefined && (await wasAnothers(transaction, project.id, organization))) throw nameTaken();
  const row = {
    id: project.id ?? (await freeId(transaction, project.name, organization)),
    organization_id: organization,
    name: project.name,
    created_at: now,
    spans_days: null,
    content_days: null,
    logs_days: null,
    metric_points_days: null,
  };
  await transaction.insertInto("projects").values(row).execute();
  const place = { organizationId: row.organization_id, projectId: row.id };
  audit({ action: "project.create", ...place, target: { kind: "project", id: row.id }, after: { name: row.name } });
  return asProject(row);
}

/** The project as it then is; undefined when there is none. */
export async function updateProjectRow(
  { transaction, audit }: Change,
  id: ProjectId,
  { name, retention = {} }: ProjectChanges,
): Promise<Project | undefined> {
  const { spansDays, contentDays, logsDays, metricPointsDays } = retention;
  const changed = {
    ...(name !== undefined && { name }),
    ...(spansDays !== undefined && { spans_days: spansDays }),
    ...(contentDays !== undefined && { content_days: contentDays }),
    ...(logsDays !== undefined && { logs_days: logsDays }),
    ...(metricPointsDays !== undefined && { metric_points_days: metricPointsDays }),
  };
  const before = await transaction.selectFrom("projects").selectAll().where("id", "=", id).executeTakeFirst();
  if (before === undefined) return undefined;
  if (Object.keys(changed).length > 0) {
    await transaction.updateTable("projects").set(changed).where("id", "=", id).execute();
    const names = Object.keys(changed) as (keyof typeof changed)[];
    audit({
      action: "project.update",
      organizationId: before.organization_id,
      projectId: id,
      target: { kind: "project", id },
      before: Object.fromEntries(names.map((column) => [column, before[column]])),
      after: changed,
    });
  }
  return asProject({ ...before, ...changed });
}

/** The audit log is what outlives a project. */
async function wasAnothers(transaction: Transacted, id: string, organization: string): Promise<boolean> {
  const entry = await transaction
    .selectFrom("audit_entries")
    .select("sequence")
    .where("project_id", "=", id)
    // Not a parameter: the index is of these entries alone.
    .where("action", "=", sql.lit("project.delete"))
    .where("organization_id", "!=", organization)
    .limit(1)
    .executeTakeFirst();
  return entry !== undefined;
}

async function freeId(transaction: Transacted, name: string, organization: string): Promise<string> {
  const slug = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 48);
  if (slug === "") return newId("prj");
  const taken = await transaction.selectFrom("projects").select("id").where("id", "=", slug).executeTakeFirst();
  const isFree = taken === undefined && !(await wasAnothers(transaction, slug, organization));
  return isFree ? slug : `${slug}-${newId("").slice(1, 9)}`;
}

/** Its keys and connections go with it. False when there was none. */
export async function deleteProjectRow({ transaction, audit }: Change, id: ProjectId): Promise<boolean> {
  const query = transaction.deleteFrom("projects").where("id", "=", id).returning(["organization_id", "name"]);
  const row = await query.executeTakeFirst();
  if (row === undefined) return false;
  const place = { organizationId: row.organization_id, projectId: id };
  audit({ action: "project.delete", ...place, target: { kind: "project", id }, before: { name: row.name } });
  return true;
}
