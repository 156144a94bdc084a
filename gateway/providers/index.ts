import { anthropicApis } from "./anthropic.ts";
import { openaiApis } from "./openai.ts";
import type { Api } from "./shape.ts";

/** In whose words the gateway's own errors are written, and how a credential is sent. */
export type ShapeId = "openai" | "anthropic";

/** How a provider takes its key. `as_sent`: in the header where the client put its own. */
export type AuthStyle = "bearer" | "x-api-key" | "as_sent";

/** A vendor: everything that sets it apart from the others of its shape. */
export interface ProviderRow {
  /** First part of the path. */
  readonly id: string;
  readonly shape: ShapeId;
  /** Without version: the path after `/<provider>` is appended as it is. */
  readonly baseUrl: string;
  readonly auth: AuthStyle;
  /** `gen_ai.provider.name`, where it differs from the id. */
  readonly otelName?: string;
  /** Takes `stream_options.include_usage`, and sends no usage in a stream without it. */
  readonly streamUsageOnRequest?: boolean;
  readonly addsNullUsage?: boolean;
}

const openai = { shape: "openai", auth: "bearer" } as const;

/** Every vendor that Weir knows by name; `WEIR_<ID>_BASE_URL` moves any of them. */
export const providerRows: readonly ProviderRow[] = [
  { id: "openai", ...openai, baseUrl: "https://api.openai.com", streamUsageOnRequest: true, addsNullUsage: true },
  { id: "anthropic", shape: "anthropic", auth: "x-api-key", baseUrl: "https://api.anthropic.com" },
  { id: "mistral", ...openai, baseUrl: "https://api.mistral.ai", otelName: "mistral_ai" },
  { id: "groq", ...openai, baseUrl: "https://api.groq.com/openai", streamUsageOnRequest: true },
  { id: "deepseek", ...openai, baseUrl: "https://api.deepseek.com", streamUsageOnRequest: true },
  { id: "xai", ...openai, baseUrl: "https://api.x.ai", otelName: "x_ai" },
  { id: "together", ...openai, baseUrl: "https://api.together.xyz" },
  { id: "openrouter", ...openai, baseUrl: "https://openrouter.ai/api" },
  { id: "fireworks", ...openai, baseUrl: "https://api.fireworks.ai/inference" },
  { id: "perplexity", ...openai, baseUrl: "https://api.perplexity.ai" },
  { id: "cerebras", ...openai, baseUrl: "https://api.cerebras.ai" },
  { id: "nvidia", ...openai, baseUrl: "https://integrate.api.nvidia.com", streamUsageOnRequest: true },
  { id: "huggingface", ...openai, baseUrl: "https://router.huggingface.co", streamUsageOnRequest: true },
  {
    id: "gemini",
    shape: "openai",
    auth: "as_sent",
    baseUrl: "https://generativelanguage.googleapis.com",
    otelName: "gcp.gemini",
    streamUsageOnRequest: true,
  },
  { id: "moonshot", ...openai, baseUrl: "https://api.moonshot.ai", otelName: "moonshot_ai" },
  { id: "deepinfra", ...openai, baseUrl: "https://api.deepinfra.com", streamUsageOnRequest: true },
  { id: "sambanova", ...openai, baseUrl: "https://api.sambanova.ai", streamUsageOnRequest: true },
  { id: "ollama", ...openai, baseUrl: "http://127.0.0.1:11434", streamUsageOnRequest: true },
  { id: "vllm", ...openai, baseUrl: "http://127.0.0.1:8000", streamUsageOnRequest: true },
  { id: "lmstudio", ...openai, baseUrl: "http://127.0.0.1:1234", streamUsageOnRequest: true },
  { id: "llamacpp", ...openai, baseUrl: "http://127.0.0.1:8081", streamUsageOnRequest: true },
  { id: "localai", ...openai, baseUrl: "http://127.0.0.1:8082", streamUsageOnRequest: true },
];

export const providerIds: readonly string[] = providerRows.map((row) => row.id);

const http: Omit<Api, "route"> = {
  operation: "",
  kind: "http",
  format: "json",
  mustAskForUsage: false,
  dropsOutput: false,
  readJson() {},
  openStream: null,
};

const apis = Object.entries({ ...anthropicApis, ...openaiApis });
// Paths come from clients: the memory of their meaning is bounded.
const knownPaths = new Map<string, Api>();
const knownPathsLimit = 1000;

/**
 * The operation that a path (without query) names: recognised by its end, whatever the provider, since many of them
 * serve several vendors' APIs. An unknown path is an HTTP call like any other.
 */
export function apiOf(method: string, path: string): Api {
  const key = `${method} ${path}`;
  const known = knownPaths.get(key);
  if (known !== undefined) return known;
  const found = method === "POST" ? apis.find(([end]) => isApiPath(path, end)) : undefined;
  const api = found?.[1] ?? { ...http, route: pathTemplate(path) };
  if (knownPaths.size < knownPathsLimit) knownPaths.set(key, api);
  return api;
}

function isApiPath(path: string, end: string): boolean {
  if (!path.endsWith(end)) return false;
  // `/completions` must not claim `/v1/chat/completions`, nor `/responses` a path such as `/v1/assistants/responses`.
  const before = path.slice(0, path.length - end.length);
  return before === "" || /(^|\/)(v\d+[a-z0-9]*|openai|api|inference|serverless)$/.test(before);
}

/** The path with everything that looks like an id left out, so that it makes few labels. */
function pathTemplate(path: string): string {
  const parts = path.split("/").slice(1, 8);
  return `/${parts.map((part) => (isPlainWord(part) ? part : "{id}")).join("/")}`;
}

function isPlainWord(part: string): boolean {
  return /^v\d+[a-z0-9]{0,6}$/.test(part) || /^[a-z_-]{0,24}(:[a-zA-Z]{1,24})?$/.test(part);
}
