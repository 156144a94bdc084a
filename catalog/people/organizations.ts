import { CodedError, newId, type OrganizationId, organizationId } from "@weir/model";
import type { CatalogContext } from "../context.ts";
import type { CatalogTables, PasswordSignIn } from "../database/schema.ts";
import { defaultOrganizationId } from "../records/projects.ts";

export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  /** `owners`: everybody else comes by single sign-on. */
  readonly passwordSignIn: PasswordSignIn;
  readonly createdAt: Date;
}

export interface OrganizationChanges {
  readonly name?: string | undefined;
  readonly passwordSignIn?: PasswordSignIn | undefined;
}

export interface Organizations {
  list(): Promise<readonly Organization[]>;
  /** CONFLICT when the id is taken. */
  create(organization: { readonly name: string; readonly id?: string | undefined }): Promise<Organization>;
  /** Undefined when there is none. */
  update(id: OrganizationId, changes: OrganizationChanges): Promise<Organization | undefined>;
  /** CONFLICT while it has projects, or when it is the default one. False when there was none. */
  delete(id: OrganizationId): Promise<boolean>;
}

export function asOrganization(row: CatalogTables["organizations"]): Organization {
  return {
    id: organizationId(row.id),
    name: row.name,
    passwordSignIn: row.password_sign_in,
    createdAt: new Date(row.created_at),
  };
}

export function organizationsOf(context: CatalogContext): Organizations {
  return {
    list: () =>
      context.read(async (connection) => {
        const query = connection.selectFrom("organizations").selectAll();
        return (await query.orderBy("created_at").orderBy("id").execute()).map(asOrganization);
      }),
    create: ({ id, name }) =>
      context.change(async ({ transaction, now, audit }) => {
        const row = { id: id ?? newId("org"), name, created_at: now, password_sign_in: "everyone" as const };
        await transaction.insertInto("organizations").values(row).execute();
        const target = { kind: "organization", id: row.id };
        audit({ action: "organization.create", organizationId: row.id, target, after: { name } });
        return asOrganization(row);
      }),
    update: (id, changes) => updateOrganization(context, id, changes),
    delete: (id) => deleteOrganization(context, id),
  };
}

function updateOrganization(
  context: CatalogContext,
  id: OrganizationId,
  { name, passwordSignIn }: OrganizationChanges,
): Promise<Organization | undefined> {
  return context.change(async ({ transaction, audit }) => {
    const before = await transaction.selectFrom("organizations").selectAll().where("id", "=", id).executeTakeFirst();
    if (before === undefined) return undefined;
    const after = {
      ...before,
      name: name ?? before.name,
      password_sign_in: passwordSignIn ?? before.password_sign_in,
    };
    await transaction.updateTable("organizations").set(after).where("id", "=", id).execute();
    const shown = (row: typeof before) => ({ name: row.name, password_sign_in: row.password_sign_in });
    const target = { kind: "organization", id };
    audit({ action: "organization.update", organizationId: id, target, before: shown(before), after: shown(after) });
    return asOrganization(after);
  });
}

/** Its projects' data lies in storage: each is deleted by itself first, which takes that away too. */
function deleteOrganization(context: CatalogContext, id: OrganizationId): Promise<boolean> {
  if (id === defaultOrganizationId) {
    throw new CodedError("CONFLICT", "The default organisation cannot be deleted.");
  }
  return context.change(async ({ transaction, audit }) => {
    const project = await transaction
      .selectFrom("projects")
      .select("id")
      .where("organization_id", "=", id)
      .executeTakeFirst();
    if (project !== undefined) throw new CodedError("CONFLICT", "Delete the organisation's projects first.");
    const row = await transaction.deleteFrom("organizations").where("id", "=", id).returning("name").executeTakeFirst();
    if (row === undefined) return false;
    const target = { kind: "organization", id };
    audit({ action: "organization.delete", organizationId: id, target, before: { name: row.name } });
    return true;
  });
}
