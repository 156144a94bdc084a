import type { CatalogContext } from "../context.ts";
import { boundTo } from "../records/connections.ts";
import { identityProviderBinding } from "../sign-in/identity-providers.ts";
import { type MasterKey, nextKeyFile, promoteNextKey, readMasterKey, readOrCreateMasterKey } from "./master-key.ts";
import { seal, sealedWith, unseal } from "./sealing.ts";

/** What a rotation did. */
export interface Rotation {
  /** Secrets that are now sealed with the new key. */
  readonly resealed: number;
  /** Secrets that neither key opens; they stay as they were. */
  readonly unreadable: number;
}

/**
 * Seals every secret anew with a new master key, which then takes the old one's place. Killed at any moment, it is
 * finished by the next call: until the end both keys are there, and each secret says which one opens it.
 */
export async function rotateMasterKey(
  context: CatalogContext,
  secretKeyFile: string,
  current: MasterKey,
): Promise<{ readonly key: MasterKey; readonly rotation: Rotation }> {
  const next = readOrCreateMasterKey(nextKeyFile(secretKeyFile), { emit() {} });
  const rotation = await context.change(async ({ transaction, audit }) => {
    const counts = { resealed: 0, unreadable: 0 };
    const resealed = (sealed: string, binding: readonly string[]): string => {
      if (sealedWith(sealed, next)) return sealed;
      const secret = unseal(sealed, current, binding);
      counts[secret === undefined ? "unreadable" : "resealed"] += 1;
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
    audit({ action: "master_key.rotate", target: { kind: "master_key", id: next.id }, after: counts });
    return counts;
  });
  promoteNextKey(secretKeyFile);
  return { key: next, rotation };
}

/** True when a rotation was begun and not finished. */
export function isRotationOpen(secretKeyFile: string): boolean {
  return readMasterKey(nextKeyFile(secretKeyFile)) !== undefined;
}
