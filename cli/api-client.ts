import { CodedError, type ErrorBody, errorCatalogue } from "@weir/model";
import { askPinned } from "./pinned-request.ts";

/** Where a running Weir answers, and the key that this machine's owner holds. */
export interface ApiAccess {
  /** `http://127.0.0.1:8080` */
  readonly baseUrl: string;
  readonly key: string;
  /** The certificate (PEM) that Weir shows, where it speaks TLS. */
  readonly certificate?: string;
}

/** Asks the API of a running Weir; each call throws a CodedError that says what failed and what to do. */
export interface ApiClient {
  get<Answer>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  patch<Answer>(path: string, body: unknown): Promise<Answer>;
  delete<Answer>(path: string): Promise<Answer>;
  /** A file of any length, as it comes; it may take as long as it takes. */
  stream(path: string): Promise<ReadableStream<Uint8Array>>;
  /** As `get`, for the paths that answer other than 2xx to say how things stand. */
  peek<Answer>(path: string): Promise<{ readonly status: number; readonly body: Answer }>;
}

const answerTimeoutMs = 120_000;

export function createApiClient({ baseUrl, key, certificate }: ApiAccess): ApiClient {
  async function send(method: string, path: string, body?: unknown, timeoutMs?: number): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${key}`, accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const init: RequestInit = { method, headers };
    if (timeoutMs !== undefined) init.signal = AbortSignal.timeout(timeoutMs);
    if (body !== undefined) init.body = JSON.stringify(body);
    try {
      const url = new URL(path, baseUrl);
      return await (certificate === undefined ? fetch(url, init) : askPinned(url, certificate, init));
    } catch (cause) {
      throw new CodedError(
        "PART_UNAVAILABLE",
        `Weir does not answer at ${baseUrl}. Is it running? Start it with: npm start`,
        {
          cause,
        },
      );
    }
  }
  async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await send(method, path, body, answerTimeoutMs);
    const text = await response.text();
    if (!response.ok) throw errorOf(response.status, text);
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  }
  return {
    get: (path, query = {}) => ask("GET", withQuery(path, query)),
    post: (path, body) => ask("POST", path, body),
    patch: (path, body) => ask("PATCH", path, body),
    delete: (path) => ask("DELETE", path),
    async stream(path) {
      const response = await send("GET", path);
      if (!response.ok || response.body === null) throw errorOf(response.status, await response.text());
      return response.body;
    },
    async peek<Answer>(path: string) {
      const response = await send("GET", path, undefined, answerTimeoutMs);
      return { status: response.status, body: (await response.json()) as Answer };
    },
  };
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

function errorOf(status: number, text: string): CodedError {
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    if (error.code in errorCatalogue)
      return new CodedError(error.code, error.message, { details: error.details ?? [] });
  } catch {
    // Not ours: something else listens there.
  }
  return new CodedError("INTERNAL", `Unexpected answer ${status}: is it Weir that listens there?`);
}
