import type { apiPaths, ErrorBody } from "@weir/api/contract";

/** A path of the contract; `:name` is filled in from `params`. */
export type ApiPath = (typeof apiPaths)[keyof typeof apiPaths];

/** An answer that is not 2xx, or none at all (`UNREACHABLE`). */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly requestId: string | undefined;
  readonly details: readonly { path: string; message: string }[];

  constructor(status: number, error: ErrorBody["error"], cause?: unknown) {
    super(error.message, cause === undefined ? undefined : { cause });
    this.name = "ApiError";
    this.status = status;
    this.code = error.code;
    this.retryable = error.retryable;
    this.requestId = error.request_id;
    this.details = error.details ?? [];
  }
}

export interface ApiRequest {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  body?: unknown;
  signal?: AbortSignal;
}

/** The path with its parameters and query. */
export function apiUrl(path: ApiPath, { params = {}, query = {} }: Pick<ApiRequest, "params" | "query"> = {}): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === "object" ? value : [value]) search.append(key, String(one));
  }
  const text = search.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

/** Asks the API. The answer has the shape that the contract gives the path; anything but 2xx is thrown as ApiError. */
export async function ask<Answer>(path: ApiPath, request: ApiRequest = {}): Promise<Answer> {
  const init: RequestInit = { method: request.method ?? "GET", credentials: "same-origin" };
  if (request.signal !== undefined) init.signal = request.signal;
  if (request.body !== undefined) {
    init.body = JSON.stringify(request.body);
    init.headers = { "content-type": "application/json" };
  }
  const response = await reach(apiUrl(path, request), init);
  if (!response.ok) throw new ApiError(response.status, await errorOf(response));
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(
      0,
      { code: "UNREACHABLE", message: "Weir does not answer. Is it running?", retryable: true },
      cause,
    );
  }
}

async function errorOf(response: Response): Promise<ErrorBody["error"]> {
  try {
    const body = (await response.json()) as Partial<ErrorBody>;
    if (typeof body.error?.code === "string") return body.error;
  } catch {
    // A proxy's error page, say; its status is all that there is.
  }
  return {
    code: `HTTP_${response.status}`,
    message: `The API answered with status ${response.status}.`,
    retryable: response.status >= 500,
  };
}
