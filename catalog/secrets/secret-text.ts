import { hash, randomBytes } from "node:crypto";

/** A fresh key of ours: `weir_` and 256 random bits. */
export function newKeySecret(): string {
  return `weir_${newToken()}`;
}

/** 256 random bits: a session's secret, a sign-in link's token. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** What is stored of a secret. Unsalted, since it is looked up by it: secrets must be random, or long. */
export function secretHash(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** What may be shown of a secret: its beginning and, of a long one, its last four characters. */
export function maskSecret(secret: string): string {
  const start = secret.startsWith("weir_") ? "weir_" : "";
  return secret.length >= 20 ? `${start}…${secret.slice(-4)}` : `${start}…`;
}
