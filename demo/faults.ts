/** An error answer in a provider's own words. */
export interface Fault {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

export type Shape = "openai" | "anthropic" | "gemini" | "cohere" | "ollama";

/** Faults that a caller asks for with the header `x-mock-fault`. */
export const faultNames = [
  "bad-request",
  "unauthorized",
  "rate-limit",
  "server-error",
  "overloaded",
  "cut",
  "error-in-stream",
] as const;
export type FaultName = (typeof faultNames)[number];

/** The answer for a fault that replaces the whole answer; undefined for those that strike in the middle of one. */
export function faultAnswer(name: FaultName, shape: Shape): Fault | undefined {
  if (shape === "anthropic") return anthropicFaults[name];
  const fault = openaiFaults[name];
  if (fault === undefined || shape === "openai") return fault;
  return { status: fault.status, headers: {}, body: errorBody(shape, fault.status) };
}

const googleStatuses: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};
const messages: Readonly<Record<number, string>> = {
  400: "The input token count exceeds the maximum number of tokens allowed.",
  401: "The API key is not valid.",
  429: "You exceeded your current quota.",
  500: "An internal error has occurred.",
  503: "The model is overloaded. Please try again later.",
};

function errorBody(shape: "gemini" | "cohere" | "ollama", status: number): object {
  const message = messages[status] ?? "Something went wrong.";
  if (shape === "gemini") return { error: { code: status, message, status: googleStatuses[status] ?? "INTERNAL" } };
  return shape === "cohere" ? { message } : { error: message };
}

function openaiFault(status: number, type: string, code: string | null, message: string, headers = {}): Fault {
  return { status, headers, body: { error: { message, type, param: null, code } } };
}

const openaiFaults: Partial<Record<FaultName, Fault>> = {
  "bad-request": openaiFault(
    400,
    "invalid_request_error",
    "context_length_exceeded",
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 131422 tokens. Please reduce the length of the messages.",
  ),
  unauthorized: openaiFault(
    401,
    "invalid_request_error",
    "invalid_api_key",
    "Incorrect API key provided: sk-demo*******lid. You can find your API key at https://platform.openai.com/account/api-keys.",
  ),
  "rate-limit": openaiFault(
    429,
    "tokens",
    "rate_limit_exceeded",
    "Rate limit reached for gpt-4o in organization org-weirdemo on tokens per min (TPM): Limit 30000, Used 29412, Requested 1210. Please try again in 1.244s.",
    {
      "retry-after": "1",
      "retry-after-ms": "1244",
      "x-ratelimit-limit-requests": "500",
      "x-ratelimit-remaining-requests": "499",
      "x-ratelimit-limit-tokens": "30000",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-requests": "120ms",
      "x-ratelimit-reset-tokens": "1.244s",
    },
  ),
  "server-error": openaiFault(
    500,
    "server_error",
    null,
    "The server had an error while processing your request. Sorry about that!",
  ),
  overloaded: openaiFault(
    503,
    "server_error",
    "overloaded",
    "The engine is currently overloaded, please try again later.",
  ),
};

function anthropicFault(status: number, type: string, message: string, headers = {}): Fault {
  return { status, headers, body: { type: "error", error: { type, message }, request_id: "req_011weirdemo" } };
}

const anthropicFaults: Partial<Record<FaultName, Fault>> = {
  "bad-request": anthropicFault(400, "invalid_request_error", "prompt is too long: 204918 tokens > 200000 maximum"),
  unauthorized: anthropicFault(401, "authentication_error", "invalid x-api-key"),
  "rate-limit": anthropicFault(
    429,
    "rate_limit_error",
    "This request would exceed your organization's rate limit of 50 requests per minute.",
    {
      "retry-after": "12",
      "anthropic-ratelimit-requests-limit": "50",
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2026-11-21T04:00:12Z",
      "anthropic-ratelimit-input-tokens-limit": "40000",
      "anthropic-ratelimit-input-tokens-remaining": "38000",
    },
  ),
  "server-error": anthropicFault(500, "api_error", "Internal server error"),
  overloaded: anthropicFault(529, "overloaded_error", "Overloaded"),
};

/** What a stream says before it ends early because of an error. */
export function errorFrame(shape: Shape): string {
  if (shape === "openai") {
    const error = {
      message: "The server had an error while processing your request.",
      type: "server_error",
      code: null,
    };
    return `data: ${JSON.stringify({ error })}\n\n`;
  }
  if (shape === "ollama") return `${JSON.stringify(errorBody(shape, 500))}\n`;
  if (shape === "gemini") return `data: ${JSON.stringify(errorBody(shape, 503))}\r\n\r\n`;
  if (shape === "cohere") {
    const end = { type: "message-end", delta: { finish_reason: "ERROR", error: "The model failed." } };
    return `event: message-end\ndata: ${JSON.stringify(end)}\n\n`;
  }
  const error = { type: "overloaded_error", message: "Overloaded" };
  return `event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`;
}
