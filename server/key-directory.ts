import type { ApiKeyEntry, CatalogReader, CatalogSnapshot, KeyUses } from "@weir/catalog";
import { CodedError, type KeyScope } from "@weir/model";

/** The catalog as one way in reads it: keys that lack its scope are refused, and each use of the others is noted. */
export interface KeyDirectory {
  current(): CatalogSnapshot;
}

export function keysForScope(reader: CatalogReader, scope: KeyScope, uses: KeyUses): KeyDirectory {
  let seen: CatalogSnapshot | undefined;
  let shown: CatalogSnapshot | undefined;
  return {
    current() {
      const snapshot = reader.current();
      if (shown === undefined || seen !== snapshot) shown = { ...snapshot, apiKey: (secret) => used(snapshot, secret) };
      seen = snapshot;
      return shown;
    },
  };

  function used(snapshot: CatalogSnapshot, secret: string): ApiKeyEntry | undefined {
    const key = snapshot.apiKey(secret);
    if (key === undefined) return undefined;
    if (!key.scopes.includes(scope)) {
      throw new CodedError(
        "FORBIDDEN",
        `This Weir key may not be used here: its scopes, or its holder's role, lack \`${scope}\`.`,
      );
    }
    uses.record(key.id);
    return key;
  }
}
