import type { IncomingHttpHeaders } from "node:http";
import { CodedError, defaultProjectId, isFromForeignPage, type ProjectId, type Retention } from "@weir/model";

/** What a receiver asks of the catalog; the reader's snapshot answers from memory. */
export interface KeyDirectory {
  /** The key that a secret opens, unless it is unknown, expired or revoked. */
  apiKey(secret: string): { readonly id: string; readonly projectId: ProjectId } | undefined;
  project(id: string): { readonly id: ProjectId } | undefined;
}

/** Who may send, and for whom. */
export interface SenderRules {
  readonly keys: () => KeyDirectory;
  /** True when the main port listens on loopback only: then no key is needed. */
  readonly allowKeyless: boolean;
  /** How long a project's data is kept. Default: as `defaultRetention` has it. */
  readonly retentionOf?: (project: ProjectId) => Retention;
}

export interface Sender {
  /** Empty without a key. */
  readonly keyId: string;
  /** The project to write to: the key's; without a key the named one, where it exists, else the default one. */
  projectFor(named: string | undefined): ProjectId;
}

/** The sender of a request by its headers, which may be gRPC's metadata too. Throws UNAUTHENTICATED. */
export function senderOf({ keys, allowKeyless }: SenderRules, headers: IncomingHttpHeaders): Sender {
  const secret = secretOf(headers);
  const directory = keys();
  if (secret === undefined) {
    if (!allowKeyless || isFromForeignPage(headers.origin, siteOf(headers)))
      throw new CodedError("UNAUTHENTICATED", "Send a Weir API key as `Authorization: Bearer <key>` or `x-api-key`.");
    return {
      keyId: "",
      projectFor: (named) => (named === undefined ? undefined : directory.project(named)?.id) ?? defaultProjectId,
    };
  }
  const key = directory.apiKey(secret);
  if (key === undefined) throw new CodedError("UNAUTHENTICATED", "This Weir API key is unknown, expired or revoked.");
  return { keyId: key.id, projectFor: () => key.projectId };
}

function siteOf({ "sec-fetch-site": site }: IncomingHttpHeaders): string | undefined {
  return typeof site === "string" ? site : undefined;
}

function secretOf(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const plain = headers["x-weir-key"] ?? headers["x-api-key"];
  return bearer ?? (typeof plain === "string" && plain !== "" ? plain : undefined);
}
