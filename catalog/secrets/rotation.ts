import type { CatalogContext } from "../context.ts";
import { boundTo } from "../records/connections.ts";
import { identityProviderBinding } from "../sign-in/identity-providers.ts";
import { type KeyRing, type MasterKeyPlace, unsealWith } from "./key-ring.ts";
import { nextKeyFile, promoteNextKey, readMasterKey, readOrCreateMasterKey } from "./master-key.ts";
import { seal, sealedWith } from "./sealing.ts";

/** What a rotation did. */
export interface Rotation {
  /** Secrets that are now sealed with the new key. */
  readonly resealed: number;
  /** Secrets that no key opens; they stay as they were. */
  readonly unreadable: number;
  /** Where the key comes from that Weir did not make; null: a new one was made, and is in the data directory. */
  readonly givenBy: string | null;
}

/**
 * Seals every secret anew. Without given keys with a new key, which then takes the old one's place: killed at any
 * moment, it is finished by the next call, since until the end both keys are there, and each secret says which one
 * opens it. With given keys with the first of them: whoever gives them makes the new one.
 */
export async function rotateMasterKey(
  context: CatalogContext,
  { secretKeyFile, givenKeys }: MasterKeyPlace,
  keys: KeyRing,
): Promise<{ readonly keys: KeyRing; readonly rotation: Rotation }> {
  const isOwn = givenKeys === undefined;
  const next = isOwn ? readOrCreateMasterKey(nextKeyFile(secretKeyFile), { emit() {} }) : keys.sealing;
  const counts = await context.change(async ({ transaction, audit }) => {
    const counted = { resealed: 0, unreadable: 0 };
    const resealed = (sealed: string, binding: readonly string[]): string => {
      if (sealedWith(sealed, next)) return sealed;
      const secret = unsealWith(keys.opening, sealed, binding);
      counted[secret === undefined ? "unreadable" : "resealed"] += 1;
      return secret === undefined ? sealed : seal(secret, next, binding);
    };
    for (const row of await transaction.selectFrom("provider_connections").selectAll().execute()) {
      const sealed_secret = resealed(row.sealed_secret, boundTo(row));
      await transaction.updateTable("provider_connections").set({ sealed_secret }).where("id", "=", row.id).execute();
    }
    for (const row of await transaction.selectFrom("identity_providers").selectAll().execute()) {
      if (row.sealed_secret === null) continue;
      const sealed_secret = resealed(row.sealed_secret, identityProviderBinding(row));
      await transaction.updateTable("identity_providers").set({ sealed_secret }).where("id", "=", row.id).execute();
    }
    audit({ action: "master_key.rotate", target: { kind: "master_key", id: next.id }, after: counted });
    return counted;
  });
  const rotation = { ...counts, givenBy: givenKeys?.source ?? null };
  if (!isOwn) return { keys, rotation };
  promoteNextKey(secretKeyFile);
  return { keys: { sealing: next, opening: [next] }, rotation };
}

/** True when a rotation of Weir's own key was begun and not finished. */
export function isRotationOpen({ secretKeyFile, givenKeys }: MasterKeyPlace): boolean {
  return givenKeys === undefined && readMasterKey(nextKeyFile(secretKeyFile)) !== undefined;
}
