/** Where the demo's calls go and as whom. */
export interface GatewayTarget {
  /** `http://host:port` of Weir. */
  readonly url: string;
  /**
   * The Weir key of the demo's project. It stands in the place of the provider's key, so that the project's own
   * connections, which lead to the mock, are used. Undefined where the gateway itself leads to a mock.
   */
  readonly weirKey: string | undefined;
}

/** One call as an application would make it. */
export interface ProviderCall {
  readonly provider: "openai" | "anthropic" | "groq" | "mistral" | "deepseek" | "gemini" | "cohere";
  /** `/v1/chat/completions` and the like. */
  readonly path: string;
  readonly body: object;
  readonly user: string;
  readonly session?: string;
  readonly tags?: readonly string[];
  readonly traceparent?: string;
  /** An error to ask the mock for. */
  readonly fault?: string;
  /** Leave after this long, as a user who closes the page. */
  readonly leaveAfterMs?: number;
}

export interface Answer {
  /** 0 when there was none: the connection failed or we left. */
  readonly status: number;
  readonly text: string;
}

/** Sends a call through the gateway and reads the answer to its end. Never throws: a demo goes on. */
export async function callProvider(target: GatewayTarget, call: ProviderCall): Promise<Answer> {
  const signal = AbortSignal.timeout(call.leaveAfterMs ?? 120_000);
  try {
    const response = await fetch(`${target.url}/${call.provider}${call.path}`, {
      method: "POST",
      headers: headersOf(target, call),
      body: JSON.stringify(call.body),
      signal,
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

function headersOf(target: GatewayTarget, call: ProviderCall): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-weir-user": call.user,
    "x-weir-environment": "demo",
    "x-weir-service": call.tags?.[0] ?? "backoffice",
    ...credentialHeaders(target, call),
  };
  if (call.session !== undefined) headers["x-weir-session"] = call.session;
  if (call.tags !== undefined) headers["x-weir-tags"] = call.tags.join(",");
  if (call.traceparent !== undefined) Object.assign(headers, { traceparent: call.traceparent });
  if (call.fault !== undefined) headers["x-mock-fault"] = call.fault;
  return headers;
}

function credentialHeaders(target: GatewayTarget, call: ProviderCall): Record<string, string> {
  const key = target.weirKey ?? "sk-demo-not-a-real-key";
  if (call.provider === "gemini") return { "user-agent": "google-genai-sdk/1.30.0", "x-goog-api-key": key };
  if (call.provider !== "anthropic") return { "user-agent": "OpenAI/JS 7.55.0", authorization: `Bearer ${key}` };
  return { "user-agent": "Anthropic/JS 1.11.0", "x-api-key": key, "anthropic-version": "2023-06-01" };
}

/** A span for `POST /api/v1/traces`. Ids are hex, times RFC 3339. */
export interface RestSpan {
  readonly span_id?: string;
  readonly parent_span_id?: string;
  readonly kind?: "llm" | "tool" | "agent" | "chain" | "retriever";
  readonly name: string;
  readonly model?: string;
  readonly provider?: string;
  readonly input?: string;
  readonly output?: string;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly start_time?: string;
  readonly duration_ms: number;
  readonly status: "success" | "error";
}

export interface RestTrace {
  readonly trace_id?: string;
  readonly trace_type: "single_call" | "agent_workflow";
  readonly model?: string;
  readonly provider?: string;
  readonly user_id?: string;
  readonly session_id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly spans: readonly RestSpan[];
}

/** Posts finished traces; the answer's status, 0 when there was none. */
export async function postTraces(target: GatewayTarget, traces: readonly RestTrace[]): Promise<Answer> {
  try {
    const response = await fetch(`${target.url}/api/v1/traces/batch`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(target.weirKey === undefined ? {} : { "x-weir-key": target.weirKey }),
      },
      body: JSON.stringify({ traces }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}
