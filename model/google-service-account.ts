import { createPrivateKey, type KeyObject } from "node:crypto";
import { CodedError } from "./errors.ts";

/** A Google service account's key, as the console hands it out in a JSON file. */
export interface GoogleServiceAccount {
  readonly clientEmail: string;
  readonly privateKeyId: string;
  /** PEM. */
  readonly privateKey: string;
  /** Where tokens are given for it. */
  readonly tokenUri: string;
}

const usualTokenUri = "https://oauth2.googleapis.com/token";

/** A secret that is a JSON object, as no provider's plain key is. */
export function isCredentialFile(secret: string): boolean {
  return secret.trimStart().startsWith("{");
}

/**
 * Reads the JSON file of a service account's key. Throws BAD_REQUEST, which never quotes it, for a file of another
 * kind or with a part missing. https://developers.google.com/identity/protocols/oauth2/service-account
 */
export function readServiceAccount(secret: string): GoogleServiceAccount {
  const file = parseFile(secret);
  if (file["type"] !== "service_account") throw unusable("its type is not service_account");
  const part = (name: string): string => {
    const value = file[name];
    if (typeof value !== "string" || value === "") throw unusable(`${name} is missing`);
    return value;
  };
  const tokenUri = file["token_uri"] === undefined ? usualTokenUri : part("token_uri");
  if (!/^https?:\/\//.test(tokenUri) || !URL.canParse(tokenUri)) throw unusable("token_uri is no web address");
  return {
    clientEmail: part("client_email"),
    privateKeyId: part("private_key_id"),
    privateKey: part("private_key"),
    tokenUri,
  };
}

/** The key to sign with. Throws BAD_REQUEST for what is no RSA private key. */
export function signingKeyOf(account: GoogleServiceAccount): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(account.privateKey);
  } catch {
    throw unusable("private_key cannot be read");
  }
  if (key.asymmetricKeyType !== "rsa") throw unusable("private_key is no RSA key");
  return key;
}

function parseFile(secret: string): Readonly<Record<string, unknown>> {
  try {
    const file: unknown = JSON.parse(secret);
    if (typeof file === "object" && file !== null && !Array.isArray(file)) return file as Record<string, unknown>;
  } catch {
    // The parser's own message would quote the file.
  }
  throw unusable("it is no JSON object");
}

function unusable(reason: string): CodedError {
  return new CodedError("BAD_REQUEST", `This is no key file of a Google service account: ${reason}.`);
}
