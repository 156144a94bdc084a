import type { Identity } from "@weir/catalog";
import { CodedError } from "@weir/model";

export interface ClaimNames {
  readonly subject: string;
  readonly email: string;
  readonly name: string;
  readonly groups: string;
}

/** Who somebody is by a provider's claims. An address that the provider says is not verified is none. */
export function identityOf(claims: Readonly<Record<string, unknown>>, names: ClaimNames): Identity {
  const subject = claims[names.subject];
  if (typeof subject !== "string" && typeof subject !== "number") {
    throw new CodedError("FORBIDDEN", "The identity provider does not say who you are.");
  }
  const email = first(claims[names.email]);
  return {
    subject: String(subject),
    email: claims["email_verified"] === false || !email?.includes("@") ? undefined : email,
    name: first(claims[names.name]) ?? "",
    groups: texts(claims[names.groups]),
  };
}

function first(value: unknown): string | undefined {
  return texts(value)[0];
}

function texts(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((each): each is string => typeof each === "string" && each !== "");
}
