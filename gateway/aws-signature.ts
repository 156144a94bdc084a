import { createHash, createHmac } from "node:crypto";

/** An access key, and where it is used. */
export interface AwsSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials; "" for lasting ones. */
  readonly sessionToken: string;
  readonly region: string;
}

/** What a signature covers. */
export interface SignableRequest {
  readonly method: string;
  readonly host: string;
  /** As it is sent: encoded, with its query. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

const algorithm = "AWS4-HMAC-SHA256";

/**
 * The signer of a connection's secret: `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, with `:SESSION_TOKEN` for temporary
 * credentials. Undefined for anything else, such as one of Bedrock's API keys.
 */
export function awsSigner(secret: string, region: string): AwsSigner | undefined {
  const [accessKeyId = "", secretAccessKey = "", ...token] = secret.trim().split(":");
  if (!/^[A-Z0-9]{16,128}$/.test(accessKeyId) || secretAccessKey === "") return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: token.join(":"), region };
}

/** Whose key signed a request, and for which region; undefined for other credentials. The signature is not checked. */
export function readCredentialScope(authorization: string): { accessKeyId: string; region: string } | undefined {
  const match = /^AWS4-HMAC-SHA256\s+(?:.*,\s*)?Credential=([^,\s]+)\/\d{8}\/([^/,]+)\/[^/,]+\/aws4_request/.exec(
    authorization,
  );
  return match === null ? undefined : { accessKeyId: match[1] ?? "", region: match[2] ?? "" };
}

/** Headers of AWS's own that a client's signature came with: they go when the gateway signs anew. */
export const signedHeaderNames: ReadonlySet<string> = new Set([
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/**
 * Signature Version 4: names and values, in turn, of the headers to send with the request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signAws(request: SignableRequest, signer: AwsSigner, service: string, at: Date): string[] {
  const time = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const scope = `${time.slice(0, 8)}/${signer.region}/${service}/aws4_request`;
  const headers: [string, string][] = [
    ...(request.contentType === "" ? [] : [["content-type", request.contentType] as [string, string]]),
    ["host", request.host],
    ["x-amz-date", time],
    ...(signer.sessionToken === "" ? [] : [["x-amz-security-token", signer.sessionToken] as [string, string]]),
  ];
  const signedNames = headers.map(([name]) => name).join(";");
  const toSign = [algorithm, time, scope, sha256(canonicalRequest(request, headers, signedNames))].join("\n");
  const signature = hmac(signingKey(signer, time.slice(0, 8), service), toSign).toString("hex");
  const authorization = `${algorithm} Credential=${signer.accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
  const sent = headers.filter(([name]) => name.startsWith("x-amz-"));
  return ["authorization", authorization, ...sent.flat()];
}

function canonicalRequest(request: SignableRequest, headers: readonly [string, string][], signedNames: string): string {
  const query = request.path.indexOf("?");
  const path = query === -1 ? request.path : request.path.slice(0, query);
  return [
    request.method,
    // As it is sent, and encoded once more: so for every service but S3.
    path.split("/").map(encode).join("/") || "/",
    query === -1 ? "" : canonicalQuery(request.path.slice(query + 1)),
    ...headers.map(([name, value]) => `${name}:${value.trim().replaceAll(/\s+/g, " ")}`),
    "",
    signedNames,
    sha256(request.body),
  ].join("\n");
}

function canonicalQuery(query: string): string {
  const pairs = query.split("&").filter((pair) => pair !== "");
  const encoded = pairs.map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [encode(decode(name)), encode(decode(value.join("=")))];
  });
  const inOrder = encoded.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return inOrder.map((pair) => pair.join("=")).join("&");
}

function compare(a = "", b = ""): number {
  return a < b ? -1 : Number(a > b);
}

function encode(text: string): string {
  const extra = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, extra);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function signingKey(signer: AwsSigner, day: string, service: string): Buffer {
  const dayKey = hmac(`AWS4${signer.secretAccessKey}`, day);
  return hmac(hmac(hmac(dayKey, signer.region), service), "aws4_request");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
