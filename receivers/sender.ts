import type { IncomingHttpHeaders } from "node:http";
import {
  addressRanges,
  CodedError,
  defaultProjectId,
  isFromForeignPage,
  networkOfClient,
  type ProjectId,
  type Retention,
} from "@weir/model";

import type { ReceiversConfig } from "./config.ts";
import { RequestRates } from "./request-rates.ts";

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
  /** How often they may send; shared by all receivers. Default: as often as they like. */
  readonly limits?: SenderLimits | undefined;
}

/** How often one address, and one key, may send. */
export class SenderLimits {
  readonly #addresses: RequestRates | undefined;
  readonly #keys: RequestRates | undefined;
  readonly #isTrustedProxy: (address: string) => boolean;

  /** `trustedProxies`: addresses and networks whose `X-Forwarded-For` tells the client's address. */
  constructor(
    { perAddressPerMinute, perKeyPerMinute }: ReceiversConfig["rateLimit"],
    trustedProxies: readonly string[],
  ) {
    this.#addresses = perAddressPerMinute === undefined ? undefined : new RequestRates(perAddressPerMinute);
    this.#keys = perKeyPerMinute === undefined ? undefined : new RequestRates(perKeyPerMinute);
    this.#isTrustedProxy = addressRanges(trustedProxies);
  }

  /** Before it is known who sends. Throws RATE_LIMITED. */
  admitAddress(peer: string | undefined, forwardedFor: string | undefined): void {
    this.#addresses?.admit(networkOfClient(this.#clientOf(peer, forwardedFor)), "This address");
  }

  /** Throws RATE_LIMITED. */
  admitKey(id: string): void {
    this.#keys?.admit(id, "This key");
  }

  /** The nearest hop that is no proxy of ours. The gateway, which passes requests on over a Unix socket, has no address. */
  #clientOf(peer: string | undefined, forwardedFor: string | undefined): string {
    const hops = [...(forwardedFor ?? "").split(","), peer ?? ""].map((hop) => hop.trim()).filter((hop) => hop !== "");
    return hops.findLast((hop) => !this.#isTrustedProxy(hop)) ?? hops[0] ?? "";
  }
}

export interface Sender {
  /** Empty without a key. */
  readonly keyId: string;
  /** The project to write to: the key's; without a key the named one, where it exists, else the default one. */
  projectFor(named: string | undefined): ProjectId;
}

/**
 * The sender of a request by its headers, which may be gRPC's metadata too, and the address of its connection. Throws
 * UNAUTHENTICATED or RATE_LIMITED.
 */
export function senderOf(rules: SenderRules, headers: IncomingHttpHeaders, peer: string | undefined): Sender {
  const { keys, allowKeyless, limits } = rules;
  limits?.admitAddress(peer, textOf(headers["x-forwarded-for"]));
  const secret = secretOf(headers);
  const directory = keys();
  if (secret === undefined) {
    if (!allowKeyless || isFromForeignPage(headers.origin, textOf(headers["sec-fetch-site"])))
      throw new CodedError("UNAUTHENTICATED", "Send a Weir API key as `Authorization: Bearer <key>` or `x-api-key`.");
    return {
      keyId: "",
      projectFor: (named) => (named === undefined ? undefined : directory.project(named)?.id) ?? defaultProjectId,
    };
  }
  const key = directory.apiKey(secret);
  if (key === undefined) throw new CodedError("UNAUTHENTICATED", "This Weir API key is unknown, expired or revoked.");
  limits?.admitKey(key.id);
  return { keyId: key.id, projectFor: () => key.projectId };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header;
}

function secretOf(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const plain = headers["x-weir-key"] ?? headers["x-api-key"];
  return bearer ?? (typeof plain === "string" && plain !== "" ? plain : undefined);
}
