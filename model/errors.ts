/**
 * Every error that a user or a client can meet, by its stable code. `status` is the HTTP answer, `retryable` says
 * whether the same request may succeed later. `docs/errors.md` lists them; a test keeps the two equal.
 */
export const errorCatalogue = {
  BAD_REQUEST: {
    status: 400,
    retryable: false,
    meaning: "The request is malformed; the message names each wrong field.",
  },
  FILTER_INVALID: {
    status: 400,
    retryable: false,
    meaning: "A filter or aggregation cannot be read; the detail has the position, and often what was meant.",
  },
  UNAUTHENTICATED: { status: 401, retryable: false, meaning: "No credential, or one that Weir does not know." },
  FORBIDDEN: { status: 403, retryable: false, meaning: "The credential is known but may not do this." },
  ADDRESS_FORBIDDEN: {
    status: 403,
    retryable: false,
    meaning: "A URL that a user gave leads into a private network, which `network.allowedRanges` does not allow.",
  },
  NOT_FOUND: { status: 404, retryable: false, meaning: "There is no such thing in this project." },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, meaning: "The path exists, the method does not." },
  CONFLICT: { status: 409, retryable: false, meaning: "Something of that name exists already." },
  BODY_TOO_LARGE: { status: 413, retryable: false, meaning: "The body is over the configured limit." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    meaning: "The content type or encoding is not one that this path reads.",
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    meaning: "More was asked within a minute than is allowed; `Retry-After` says when to go on.",
  },
  TOO_MANY_ATTEMPTS: {
    status: 429,
    retryable: true,
    meaning: "Sign-in failed too often for this account or from this address; wait as long as `Retry-After` says.",
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    meaning: "A fault of Weir's own; the log has the cause under the request id.",
  },
  CONFIG_INVALID: {
    status: 500,
    retryable: false,
    meaning: "The configuration has problems; each is listed with its fix.",
  },
  PROVIDER_UNKNOWN: {
    status: 404,
    retryable: false,
    meaning: "The first part of the path names no provider that Weir knows.",
  },
  PROVIDER_CONNECTION_MISSING: {
    status: 401,
    retryable: false,
    meaning: "A virtual key was used, but its project has no connection for this provider.",
  },
  PROVIDER_CREDENTIAL_REFUSED: {
    status: 401,
    retryable: false,
    meaning: "The service account of the project's connection gets no token: its key file is unusable, or was refused.",
  },
  GATEWAY_KEY_INVALID: { status: 401, retryable: false, meaning: "The Weir key is unknown, revoked or expired." },
  UPSTREAM_UNREACHABLE: { status: 502, retryable: true, meaning: "The provider could not be reached." },
  UPSTREAM_CUT: {
    status: 502,
    retryable: true,
    meaning: "The provider closed the connection before its answer was whole.",
  },
  UPSTREAM_TIMEOUT: {
    status: 504,
    retryable: true,
    meaning: "The provider did not answer within the deadline of this phase.",
  },
  PART_UNAVAILABLE: {
    status: 503,
    retryable: true,
    meaning: "The process that answers this path is starting or restarting.",
  },
  RECEIVER_BUSY: {
    status: 503,
    retryable: true,
    meaning: "More is being received at once than may be held in memory.",
  },
  JOURNAL_FULL: {
    status: 503,
    retryable: true,
    meaning: "The journal is at its size limit; wait for storage to catch up.",
  },
  JOURNAL_DISK_FULL: { status: 503, retryable: true, meaning: "The disk of the journal is full." },
  JOURNAL_FAILED: { status: 503, retryable: true, meaning: "The disk of the journal reports an error." },
  JOURNAL_CLOSED: { status: 503, retryable: true, meaning: "The process is shutting down." },
  STORAGE_UNAVAILABLE: { status: 503, retryable: true, meaning: "ClickHouse does not answer." },
  STORAGE_REJECTED: { status: 500, retryable: false, meaning: "ClickHouse refused the statement." },
  QUERY_TIMEOUT: { status: 504, retryable: true, meaning: "The query ran over its time limit; narrow its range." },
  QUERY_TOO_LARGE: {
    status: 422,
    retryable: false,
    meaning: "The query needs more memory than it may use; narrow its range.",
  },
  SCHEMA_TOO_NEW: {
    status: 500,
    retryable: false,
    meaning: "The data was written by a newer Weir; install that version or newer.",
  },
  CATALOG_UNAVAILABLE: { status: 503, retryable: true, meaning: "The catalog database does not answer." },
  ENGINE_UNSUPPORTED: {
    status: 500,
    retryable: false,
    meaning: "The embedded engine has no build for this platform; set WEIR_CLICKHOUSE_URL.",
  },
  ENGINE_FAILED: { status: 503, retryable: true, meaning: "The embedded engine did not start or died." },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * The one error class that crosses a seam. `message` is for the user: what was wrong and what to do, never a secret
 * or prompt text. `retryAfterMs` is set where a sender should wait that long.
 */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  /** One for each wrong field of a request. */
  readonly details: readonly ErrorDetail[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number; details?: readonly ErrorDetail[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CodedError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

/** The coded error itself, or INTERNAL around whatever was thrown. */
export function asCodedError(thrown: unknown): CodedError {
  if (thrown instanceof CodedError) return thrown;
  return new CodedError("INTERNAL", "Something went wrong inside Weir.", { cause: thrown });
}

/** The JSON body of an error answer of our own API. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; retryable: boolean; details?: readonly ErrorDetail[] };
}

/** One wrong field: its path (`spans[0].duration_ms`) and what was wrong with it. */
export interface ErrorDetail {
  path: string;
  message: string;
  /** Where in the field's text the fault is: UTF-16 units from 0, and how many. */
  position?: number;
  length?: number;
  /** What was probably meant. */
  suggestion?: string;
}

/** A path into a JSON body as people write it: `spans[0].duration_ms`. Empty for the body itself. */
export function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
