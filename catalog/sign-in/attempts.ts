import { CodedError, networkOfClient } from "@weir/model";
import type { CatalogContext, Change } from "../context.ts";
import { canonicalEmail } from "../records/users.ts";
import { secretHash } from "../secrets/secret-text.ts";

const firstDelayMs = 1000;
const longestDelayMs = 15 * 60_000;
/** After this long without a failure, the count begins anew. */
const forgetMs = 60 * 60_000;

/** Wrong passwords that cost nothing. An address may be shared by many people. */
const freeFailures = { account: 5, address: 30 } as const;

interface Subject {
  readonly key: string;
  readonly free: number;
}

/** Accounts are kept as hashes: an address that nobody has may be a password that was typed into the wrong field. */
function subjectsOf(email: string, address: string): readonly Subject[] {
  const account = { key: `account:${secretHash(canonicalEmail(email))}`, free: freeFailures.account };
  return address === ""
    ? [account]
    : [account, { key: `address:${networkOfClient(address)}`, free: freeFailures.address }];
}

/**
 * Counts an attempt before the password is looked at, so that many at once are as slow as one after another. Rejects
 * with TOO_MANY_ATTEMPTS while account or address must wait: after five failures one second, doubled with each
 * further one, up to 15 minutes. Unknown accounts are delayed alike.
 */
export async function beginAttempt(context: CatalogContext, email: string): Promise<void> {
  const waitMs = await context.write(async (change) => {
    const subjects = subjectsOf(email, context.actor.address);
    await forgetOld(change);
    const waits = [];
    for (const { key } of subjects) waits.push(await blockedForMs(change, key));
    const longest = Math.max(...waits);
    if (longest === 0) for (const subject of subjects) await countFailure(change, subject);
    return longest;
  });
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1000);
  throw new CodedError("TOO_MANY_ATTEMPTS", `Too many failed attempts; try again in ${seconds} s.`, {
    retryAfterMs: waitMs,
  });
}

/** The password was right: the account's failures are forgotten, and this attempt was none of the address's. */
export async function forgiveAttempts({ transaction }: Change, email: string, address: string): Promise<void> {
  for (const { key } of subjectsOf(email, address)) {
    if (key.startsWith("account:")) {
      await transaction.deleteFrom("sign_in_failures").where("subject", "=", key).execute();
    } else {
      await transaction
        .updateTable("sign_in_failures")
        .set((expression) => ({ failures: expression("failures", "-", 1) }))
        .where("subject", "=", key)
        .where("failures", ">", 0)
        .execute();
    }
  }
}

/** Locks the subject's row on PostgreSQL too: of many attempts at once, each sees what the one before it left. */
async function blockedForMs({ transaction, now }: Change, key: string): Promise<number> {
  const { blocked_until } = await transaction
    .insertInto("sign_in_failures")
    .values({ subject: key, failures: 0, failed_at: now, blocked_until: 0 })
    .onConflict((on) =>
      on.column("subject").doUpdateSet((expression) => ({ failures: expression.ref("sign_in_failures.failures") })),
    )
    .returning("blocked_until")
    .executeTakeFirstOrThrow();
  return Math.max(0, blocked_until - now);
}

async function forgetOld({ transaction, now }: Change): Promise<void> {
  await transaction
    .deleteFrom("sign_in_failures")
    .where("failed_at", "<", now - forgetMs)
    .where("blocked_until", "<=", now)
    .execute();
}

async function countFailure({ transaction, now }: Change, { key, free }: Subject): Promise<void> {
  const { failures } = await transaction
    .insertInto("sign_in_failures")
    .values({ subject: key, failures: 1, failed_at: now, blocked_until: 0 })
    .onConflict((on) =>
      on.column("subject").doUpdateSet((expression) => ({
        failures: expression("sign_in_failures.failures", "+", 1),
        failed_at: now,
      })),
    )
    .returning("failures")
    .executeTakeFirstOrThrow();
  if (failures < free) return;
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(20, failures - free));
  await transaction
    .updateTable("sign_in_failures")
    .set({ blocked_until: now + delayMs })
    .where("subject", "=", key)
    .execute();
}
