import { sign } from "node:crypto";
import { CodedError, type GoogleServiceAccount, readServiceAccount, signingKeyOf } from "@weir/model";
import { isFieldValue, type ResponseHead } from "./http1/message-head.ts";
import type { AnswerHandler } from "./http1/upstream-connection.ts";
import { type Upstream, upstreamError } from "./upstream.ts";

const scope = "https://www.googleapis.com/auth/cloud-platform";
const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** How long an assertion is good for: the most that Google takes. */
const assertionSeconds = 3600;
/** From so long before its end on, a token is replaced while it is still used. */
const refreshMs = 5 * 60_000;
/** So long is waited after a failure before a token that can still be used is asked to be replaced again. */
const refreshPauseMs = 10_000;
/** A token is not sent with less than this to live. */
const shortestLifeMs = 30_000;
const answerDeadlineMs = 10_000;
const answerLimitBytes = 64 << 10;
const tokensLimit = 1000;

interface Token {
  readonly value: string;
  readonly endsAtMs: number;
}

/**
 * Access tokens for service accounts' key files: signed for, asked for at the file's own token endpoint, kept until
 * shortly before they end. Where the endpoint is, a user told: it is reached as the outgoing guard allows.
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export class GoogleTokens {
  readonly #upstream: Upstream;
  readonly #nowMs: () => number;
  /** By the key file's text. */
  readonly #tokens = new Map<string, Token>();
  readonly #asked = new Map<string, Promise<string>>();
  #refreshFailedAtMs = Number.NEGATIVE_INFINITY;

  constructor(upstream: Upstream, nowMs: () => number = Date.now) {
    this.#upstream = upstream;
    this.#nowMs = nowMs;
  }

  /** A token that can be used now, without waiting. One that ends soon is replaced meanwhile. */
  held(keyFile: string): string | undefined {
    const token = this.#tokens.get(keyFile);
    const leftMs = token === undefined ? 0 : token.endsAtMs - this.#nowMs();
    if (token === undefined || leftMs < shortestLifeMs) return undefined;
    if (leftMs < refreshMs) this.#refresh(keyFile);
    return token.value;
  }

  /** Should that fail, the token is still good for a while. */
  #refresh(keyFile: string): void {
    if (this.#nowMs() - this.#refreshFailedAtMs < refreshPauseMs) return;
    this.ask(keyFile).catch(() => {
      this.#refreshFailedAtMs = this.#nowMs();
    });
  }

  /**
   * A new token; asked for once, however many calls wait for it. Rejects with PROVIDER_CREDENTIAL_REFUSED when the file
   * is not usable or the endpoint says no, and with the codes of any provider when it does not answer.
   */
  ask(keyFile: string): Promise<string> {
    const asked = this.#asked.get(keyFile);
    if (asked !== undefined) return asked;
    const asking = this.#ask(keyFile).finally(() => this.#asked.delete(keyFile));
    this.#asked.set(keyFile, asking);
    return asking;
  }

  /** The provider did not take the token: the next call gets another. */
  forget(keyFile: string): void {
    this.#tokens.delete(keyFile);
  }

  async #ask(keyFile: string): Promise<string> {
    const askedAtMs = this.#nowMs();
    const { tokenUri, assertion } = signedRequest(keyFile, askedAtMs);
    const body = new URLSearchParams({ grant_type: grantType, assertion }).toString();
    const answer = await new TokenRequest(tokenUri, body).send(this.#upstream);
    const { value, lifeMs } = tokenOf(answer);
    if (this.#tokens.size >= tokensLimit) this.#tokens.clear();
    this.#tokens.set(keyFile, { value, endsAtMs: askedAtMs + lifeMs });
    return value;
  }
}

function signedRequest(keyFile: string, nowMs: number): { tokenUri: string; assertion: string } {
  try {
    const account = readServiceAccount(keyFile);
    return { tokenUri: account.tokenUri, assertion: assertionOf(account, nowMs) };
  } catch (error) {
    throw refused((error as Error).message);
  }
}

/** The JWT (RFC 7523) that stands for the account. */
function assertionOf(account: GoogleServiceAccount, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000);
  const header = { alg: "RS256", typ: "JWT", kid: account.privateKeyId };
  const claims = {
    iss: account.clientEmail,
    scope,
    aud: account.tokenUri,
    iat: issuedAt,
    exp: issuedAt + assertionSeconds,
  };
  const signed = `${base64UrlJson(header)}.${base64UrlJson(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), signingKeyOf(account)).toString("base64url")}`;
}

function base64UrlJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

interface TokenAnswer {
  readonly status: number;
  readonly body: string;
}

function tokenOf({ status, body }: TokenAnswer): { value: string; lifeMs: number } {
  const answer = parseAnswer(body);
  if (status === 429 || status >= 500) {
    throw new CodedError("UPSTREAM_UNREACHABLE", `The token endpoint of the service account answered ${status}.`);
  }
  const { access_token: value, expires_in: seconds, error } = answer;
  if (status !== 200 || typeof value !== "string" || value === "" || !isFieldValue(value)) {
    const reason = typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : "";
    throw refused(`The token endpoint of the service account answered ${status}${reason} and gave no token.`);
  }
  return { value, lifeMs: typeof seconds === "number" && seconds > 0 ? seconds * 1000 : assertionSeconds * 1000 };
}

function parseAnswer(body: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function refused(message: string): CodedError {
  return new CodedError("PROVIDER_CREDENTIAL_REFUSED", message);
}

/** One request for a token, whole in memory, with a deadline of its own. */
class TokenRequest implements AnswerHandler {
  readonly #url: URL;
  readonly #body: string;
  readonly #answered = Promise.withResolvers<TokenAnswer>();
  #status = 0;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(tokenUri: string, body: string) {
    this.#url = new URL(tokenUri);
    this.#body = body;
  }

  async send(upstream: Upstream): Promise<TokenAnswer> {
    const connection = upstream.dispatch(
      {
        origin: this.#url.origin,
        isUserGiven: true,
        method: "POST",
        path: this.#url.pathname + this.#url.search,
        headers: ["content-type", "application/x-www-form-urlencoded", "accept", "application/json"],
        body: [Buffer.from(this.#body)],
      },
      this,
    );
    const deadline = setTimeout(() => this.#answered.reject(tooLate()), answerDeadlineMs);
    try {
      return await this.#answered.promise;
    } catch (error) {
      connection.abort();
      throw error;
    } finally {
      clearTimeout(deadline);
    }
  }

  onAnswerHead(head: ResponseHead): void {
    this.#status = head.status;
  }

  onAnswerData(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > answerLimitBytes) this.#answered.reject(refused("The token endpoint's answer has no end."));
    else this.#parts.push(Buffer.from(bytes));
  }

  onAnswerRead(_framed: Buffer, isEnd: boolean): void {
    if (isEnd) this.#answered.resolve({ status: this.#status, body: Buffer.concat(this.#parts).toString() });
  }

  onUpgraded(): void {
    this.#answered.reject(refused("The token endpoint changed the protocol."));
  }

  onRequestDrain(): void {}

  onAnswerError(error: Error): void {
    this.#answered.reject(upstreamError(error, "The token endpoint of the service account"));
  }
}

function tooLate(): CodedError {
  return new CodedError("UPSTREAM_TIMEOUT", "The token endpoint of the service account did not answer in time.");
}
