import { newId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";

export interface User {
  readonly id: string;
  readonly email: string;
}

/** Addresses are the same in any case. */
export function canonicalEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

export async function selectUserByEmail(
  connection: Kysely<CatalogTables>,
  email: string,
): Promise<CatalogTables["users"] | undefined> {
  return connection.selectFrom("users").selectAll().where("email", "=", canonicalEmail(email)).executeTakeFirst();
}

/** Creates the user, or gives the existing one this password and ends their sessions. */
export async function upsertUser(
  transaction: Transacted,
  email: string,
  passwordHash: string,
  now: number,
): Promise<void> {
  const existing = await selectUserByEmail(transaction, email);
  if (existing === undefined) {
    const row = { id: newId("usr"), email: canonicalEmail(email), password_hash: passwordHash, created_at: now };
    await transaction
      .insertInto("users")
      .values(row)
      .onConflict((on) => on.column("email").doNothing())
      .execute();
    return;
  }
  await transaction.updateTable("users").set({ password_hash: passwordHash }).where("id", "=", existing.id).execute();
  await transaction.deleteFrom("sessions").where("user_id", "=", existing.id).execute();
}
