import { CodedError } from "@weir/model";
import type { Change } from "../context.ts";

/**
 * An organisation may want single sign-on of all but its owners: throws FORBIDDEN before a password, a new one included,
 * opens a session for one of its other members.
 */
export async function checkPasswordIsAllowed(
  { transaction }: Pick<Change, "transaction">,
  user: string,
): Promise<void> {
  const demanding = await transaction
    .selectFrom("memberships")
    .innerJoin("organizations", "organizations.id", "memberships.organization_id")
    .select("organizations.name")
    .where("user_id", "=", user)
    .where("password_sign_in", "=", "owners")
    .where((where) => where.or([where("role", "is", null), where("role", "!=", "owner")]))
    .executeTakeFirst();
  if (demanding === undefined) return;
  throw new CodedError("FORBIDDEN", `${demanding.name} wants you to use its single sign-on.`);
}
