import { newId, type UserId, userId } from "@weir/model";
import type { Kysely } from "kysely";
import type { Transacted } from "../database/database.ts";
import type { CatalogTables } from "../database/schema.ts";

export interface User {
  readonly id: UserId;
  readonly email: string;
  /** Empty when nobody said it. */
  readonly name: string;
}

type UserRow = CatalogTables["users"];

export function asUser(row: Pick<UserRow, "id" | "email" | "name">): User {
  return { id: userId(row.id), email: row.email, name: row.name };
}

/** Addresses are the same in any case. */
export function canonicalEmail(email: string): string {
  return email.trim().normalize("NFC").toLowerCase();
}

export function selectUserByEmail(connection: Kysely<CatalogTables>, email: string): Promise<UserRow | undefined> {
  return connection.selectFrom("users").selectAll().where("email", "=", canonicalEmail(email)).executeTakeFirst();
}

export function selectUserById(connection: Kysely<CatalogTables>, id: string): Promise<UserRow | undefined> {
  return connection.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
}

export interface NewUser {
  readonly email: string;
  readonly name?: string | undefined;
  readonly passwordHash?: string | null | undefined;
}

/** Rejects with CONFLICT when somebody has this address. */
export async function insertUser(transaction: Transacted, user: NewUser, now: number): Promise<User> {
  const row: UserRow = {
    id: newId("usr"),
    email: canonicalEmail(user.email),
    name: user.name ?? "",
    password_hash: user.passwordHash ?? null,
    created_at: now,
  };
  await transaction.insertInto("users").values(row).execute();
  return asUser(row);
}

/** Gives the user this password and ends their sessions, but for the one that is kept. */
export async function setPassword(
  transaction: Transacted,
  user: UserId,
  passwordHash: string,
  keptSession?: string,
): Promise<void> {
  await transaction.updateTable("users").set({ password_hash: passwordHash }).where("id", "=", user).execute();
  let ended = transaction.deleteFrom("sessions").where("user_id", "=", user);
  if (keptSession !== undefined) ended = ended.where("id", "!=", keptSession);
  await ended.execute();
  await transaction.deleteFrom("password_resets").where("user_id", "=", user).execute();
}
