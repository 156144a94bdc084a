import { newId, type OrganizationId, organizationId, type ProjectId, projectId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Change } from "../context.ts";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";

export interface Project {
  readonly id: ProjectId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  readonly createdAt: Date;
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
  };
}

export async function selectProjects(connection: Kysely<CatalogTables>): Promise<Project[]> {
  const rows = await connection.selectFrom("projects").selectAll().orderBy("created_at").orderBy("id").execute();
  return rows.map(asProject);
}

/** Rejects with CONFLICT when the id is taken; an id made from the name gets an ending instead. */
export async function insertProject({ transaction, now, audit }: Change, project: NewProject): Promise<Project> {
  const row = {
    id: project.id ?? (await freeId(transaction, project.name)),
    organization_id: project.organizationId ?? defaultOrganizationId,
    name: project.name,
    created_at: now,
  };
  await transaction.insertInto("projects").values(row).execute();
  const place = { organizationId: row.organization_id, projectId: row.id };
  audit({ action: "project.create", ...place, target: { kind: "project", id: row.id }, after: { name: row.name } });
  return asProject(row);
}

async function freeId(transaction: Transacted, name: string): Promise<string> {
  const slug = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 48);
  if (slug === "") return newId("prj");
  const taken = await transaction.selectFrom("projects").select("id").where("id", "=", slug).executeTakeFirst();
  return taken === undefined ? slug : `${slug}-${newId("").slice(1, 9)}`;
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
