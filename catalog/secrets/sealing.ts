import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { MasterKey } from "./master-key.ts";

const version = "v1";
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a secret (AES-256-GCM) as `v1.<key id>.<iv>.<ciphertext and tag>`. `boundTo` is what the secret belongs to:
 * it can be opened only beside the same values, so that it cannot be moved to another row or sent elsewhere.
 */
export function seal(secret: string, key: MasterKey, boundTo: readonly string[]): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key.bytes, iv, { authTagLength: tagBytes });
  cipher.setAAD(boundBytes(key, boundTo));
  const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return [version, key.id, iv.toString("base64url"), sealed.toString("base64url")].join(".");
}

/** The secret; undefined when it was sealed with another key, bound to other values, or changed. */
export function unseal(sealed: string, key: MasterKey, boundTo: readonly string[]): string | undefined {
  const [sealedVersion, keyId, iv, body, ...rest] = sealed.split(".");
  if (sealedVersion !== version || keyId !== key.id || iv === undefined || body === undefined || rest.length > 0) {
    return undefined;
  }
  try {
    const bytes = Buffer.from(body, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, Buffer.from(iv, "base64url"), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundBytes(key, boundTo));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

/** True when this key sealed it, as far as it says. */
export function sealedWith(sealed: string, key: MasterKey): boolean {
  return sealed.split(".")[1] === key.id;
}

function boundBytes(key: MasterKey, boundTo: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([version, key.id, ...boundTo]));
}
