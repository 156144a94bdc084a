import { CodedError, defaultProjectId, isCredentialFile, isFromForeignPage, type ProjectId } from "@weir/model";
import { type AwsSigner, awsSigner, readCredentialScope } from "./aws-signature.ts";
import type { RequestHead } from "./headers.ts";
import { type Provider, type Target, upstreamTarget } from "./provider-table.ts";

/** What the gateway needs to know of a Weir key. */
export interface GatewayKey {
  readonly id: string;
  readonly projectId: ProjectId;
}

/** A provider's key that Weir holds for a project. */
export interface GatewayConnection {
  /** Empty or null: the provider's usual address. */
  readonly baseUrl?: string | null;
  readonly secret: string;
}

/** What the gateway reads of the catalog: in memory, never waiting. The catalog's snapshot is one. */
export interface GatewayCatalog {
  current(): {
    apiKey(secret: string): GatewayKey | undefined;
    connection(projectId: ProjectId, providerId: string): GatewayConnection | undefined;
  };
}

/** Who may call this listener without a Weir key, and with what. */
export interface Listener {
  /** Only the machine itself can reach it: calls need no Weir key. */
  readonly isLoopback: boolean;
  /** Keys of providers, by id, for callers on loopback that send none. */
  readonly environmentKeys: ReadonlyMap<string, string>;
}

/** For whom a call is made and what it shows to the provider. */
export interface Admission {
  readonly projectId: ProjectId;
  /** The Weir key; empty without one. */
  readonly apiKeyId: string;
  /** Names and values in turn: what the provider is to get as credential. */
  credentials: readonly string[];
  /** Where the request goes, with its region filled in. */
  readonly target: Target;
  /** With what the request is to be signed, instead of `credentials`; undefined when it need not be. */
  readonly signer: AwsSigner | undefined;
  /** The key file of the service account whose access token is to be added to `credentials`; "" without one. */
  readonly googleKeyFile: string;
  /** The provider's key, all but its ends hidden. */
  readonly maskedCredential: string;
}

/**
 * Decides who calls, from memory alone. A Weir key in the place of the provider's key is a virtual key: the
 * project's own provider key takes its place. Else the client's key passes through, and `x-weir-key`, or being on
 * loopback, names the project: pages of other sites, which a browser there lets call here, need a key as well. Who
 * sends no provider key from loopback gets the environment's, where there is one. A Weir key never goes on.
 */
export function admit(
  head: RequestHead,
  provider: Provider,
  catalog: GatewayCatalog,
  listener: Listener,
  path: string,
): Admission {
  const snapshot = catalog.current();
  const passed: string[] = [];
  let virtualKey: GatewayKey | undefined;
  let virtualHeader = "";
  let region = "";
  for (let index = 0; index < head.credentials.length; index += 3) {
    const name = head.credentials[index] as string;
    const value = head.credentials[index + 2] as string;
    const scope = name === "authorization" ? readCredentialScope(value) : undefined;
    const secret = scope?.accessKeyId ?? secretOf(name, value);
    region = scope?.region ?? region;
    const key = snapshot.apiKey(secret);
    if (key !== undefined) {
      virtualKey = key;
      virtualHeader = name;
    } else if (secret.startsWith("weir_")) {
      throw unknownKey();
    } else {
      passed.push(head.credentials[index + 1] as string, value);
    }
  }
  const named = head.weirKey === "" ? undefined : snapshot.apiKey(head.weirKey);
  if (head.weirKey !== "" && named === undefined) throw unknownKey();
  if (virtualKey !== undefined) return admitVirtual(virtualKey, virtualHeader, provider, snapshot, path, region);
  const isLocal = listener.isLoopback && !isFromForeignPage(head.origin, head.fetchSite);
  if (named === undefined && !isLocal) {
    throw new CodedError(
      "UNAUTHENTICATED",
      "This gateway needs a Weir key: send one in the header x-weir-key, or in place of the provider's key.",
    );
  }
  const caller = { projectId: named?.projectId ?? defaultProjectId, id: named?.id ?? "" };
  const ownKey =
    isLocal && passed.length === 0 && !hidesKey(head, path) ? listener.environmentKeys.get(provider.id) : "";
  if (ownKey) return admitWith(caller, { secret: ownKey }, "x-goog-api-key", provider, path, region);
  return {
    projectId: caller.projectId,
    apiKeyId: caller.id,
    credentials: passed,
    target: upstreamTarget(provider, undefined, path, region),
    signer: undefined,
    googleKeyFile: "",
    maskedCredential: maskSecret(passed),
  };
}

/** A key where only its provider looks for it: in the query, or in a browser's WebSocket protocols. */
function hidesKey(head: RequestHead, path: string): boolean {
  return (
    /[?&](key|api-key|api_key)=/i.test(path) || head.forward.some((value) => value.includes("openai-insecure-api-key"))
  );
}

function admitVirtual(
  key: GatewayKey,
  header: string,
  provider: Provider,
  snapshot: ReturnType<GatewayCatalog["current"]>,
  path: string,
  region: string,
): Admission {
  const connection = snapshot.connection(key.projectId, provider.id);
  if (connection === undefined) {
    throw new CodedError(
      "PROVIDER_CONNECTION_MISSING",
      `The project of this Weir key has no connection for ${provider.id}. Create one, or send your own provider key and the Weir key in x-weir-key.`,
    );
  }
  return admitWith(key, connection, header, provider, path, region);
}

/** With a key that Weir holds. `header`: where a provider that takes its key anywhere gets it. */
function admitWith(
  caller: GatewayKey,
  connection: GatewayConnection,
  header: string,
  provider: Provider,
  path: string,
  region: string,
): Admission {
  const signer =
    provider.auth === "sigv4" ? awsSigner(connection.secret, region || provider.region?.usual || "") : undefined;
  // Only Google's own get a token that is good for all of Google Cloud.
  const isGoogle = provider.auth === "as_sent";
  const googleKeyFile = isGoogle && isCredentialFile(connection.secret) ? connection.secret : "";
  const isSentAsIs = signer === undefined && googleKeyFile === "";
  const credentials = isSentAsIs ? credentialOf(provider, header, connection.secret) : [];
  return {
    projectId: caller.projectId,
    apiKeyId: caller.id,
    credentials,
    target: upstreamTarget(provider, connection.baseUrl || undefined, path, region),
    signer,
    googleKeyFile,
    maskedCredential: maskSecret(signer === undefined ? credentials : ["", signer.accessKeyId]),
  };
}

/** An AWS connection that holds no access key holds one of Bedrock's own API keys, which is a bearer token. */
function credentialOf(provider: Provider, header: string, secret: string): string[] {
  const name = provider.auth === "as_sent" ? header : provider.auth;
  return name === "x-api-key" || name === "x-goog-api-key" || name === "api-key"
    ? [name, secret]
    : ["authorization", `Bearer ${secret}`];
}

/**
 * Google's clients may send their key as `?key=`. A Weir key there is taken out of the path, which is returned, and
 * counts as one sent in a header; any other goes on.
 */
export function takeQueryKey(path: string, head: RequestHead, catalog: GatewayCatalog): string {
  const match = /([?&])key=([^&#]*)(&?)/.exec(path);
  if (match === null) return path;
  const [whole, separator = "", value = "", following = ""] = match;
  if (!value.startsWith("weir_") && catalog.current().apiKey(value) === undefined) return path;
  head.credentials.push("x-goog-api-key", "x-goog-api-key", value);
  const kept = following === "" ? "" : separator;
  return path.slice(0, match.index) + kept + path.slice(match.index + whole.length);
}

function secretOf(name: string, value: string): string {
  if (name !== "authorization") return value.trim();
  const space = value.indexOf(" ");
  return space === -1 ? value : value.slice(space + 1).trim();
}

/** The last four characters of a long secret, and nothing of a short one. */
function maskSecret(credentials: readonly string[]): string {
  const value = credentials[1];
  if (value === undefined) return "";
  return value.length >= 20 ? `…${value.slice(-4)}` : "…";
}

function unknownKey(): CodedError {
  return new CodedError("GATEWAY_KEY_INVALID", "This Weir key is unknown, revoked or expired.");
}
