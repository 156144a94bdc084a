import { anthropicRoutes } from "./anthropic.ts";
import { completeRoutes } from "./anthropic-complete.ts";
import { bedrockRoutes } from "./bedrock.ts";
import { cohereRoutes } from "./cohere.ts";
import { geminiRoutes } from "./gemini.ts";
import { interactionRoutes } from "./gemini-interactions.ts";
import { ollamaRoutes } from "./ollama.ts";
import { openaiRoutes } from "./openai.ts";
import { palmRoutes } from "./palm.ts";
import { type Api, type ApiRoute, defineApi } from "./shape.ts";

/** In whose words the gateway's own errors are written, and how a credential is sent. */
export const shapeIds = ["openai", "anthropic", "gemini", "cohere", "bedrock", "ollama"] as const;
export type ShapeId = (typeof shapeIds)[number];

/**
 * How a provider takes its key. `as_sent`: in the header where the client put its own, and for a service account's key
 * file an access token of Google's as a bearer. `sigv4`: requests are signed
 * with an AWS access key.
 */
export const authStyles = ["bearer", "x-api-key", "api-key", "as_sent", "sigv4"] as const;
export type AuthStyle = (typeof authStyles)[number];

/** A vendor: everything that sets it apart from the others of its shape. */
export interface ProviderRow {
  /** First part of the path. */
  readonly id: string;
  readonly shape: ShapeId;
  /**
   * Without version: the path after `/<provider>` is appended as it is. `{region}` stands for the one that the path or
   * the signature of a request names. "" where every customer has an address of their own.
   */
  readonly baseUrl: string;
  readonly auth: AuthStyle;
  /** `gen_ai.provider.name`, where it differs from the id. */
  readonly otelName?: string;
  /** Takes `stream_options.include_usage`, and sends no usage in a stream without it. */
  readonly streamUsageOnRequest?: boolean;
  readonly addsNullUsage?: boolean;
  /** Where OpenAI's API begins, when that is not `/v1`. */
  readonly openaiPath?: string;
  /** Its own models are called `vendor/model`: as the provider of `/v1`, it gets every name as it is. */
  readonly slashedModels?: boolean;
  /** Where a request names the `{region}` of its address, and which it is when none is named. */
  readonly region?: { readonly from: "path" | "signature"; readonly usual: string };
}

const openai = { shape: "openai", auth: "bearer" } as const;

/** Every vendor that Weir knows by name; `WEIR_<ID>_BASE_URL` moves any of them. */
export const providerRows: readonly ProviderRow[] = [
  { id: "openai", ...openai, baseUrl: "https://api.openai.com", streamUsageOnRequest: true, addsNullUsage: true },
  { id: "anthropic", shape: "anthropic", auth: "x-api-key", baseUrl: "https://api.anthropic.com" },
  { id: "mistral", ...openai, baseUrl: "https://api.mistral.ai", otelName: "mistral_ai" },
  { id: "groq", ...openai, baseUrl: "https://api.groq.com/openai", streamUsageOnRequest: true, slashedModels: true },
  { id: "deepseek", ...openai, baseUrl: "https://api.deepseek.com", streamUsageOnRequest: true },
  { id: "xai", ...openai, baseUrl: "https://api.x.ai", otelName: "x_ai" },
  { id: "together", ...openai, baseUrl: "https://api.together.xyz", slashedModels: true },
  { id: "openrouter", ...openai, baseUrl: "https://openrouter.ai/api", slashedModels: true },
  { id: "fireworks", ...openai, baseUrl: "https://api.fireworks.ai/inference", slashedModels: true },
  { id: "perplexity", ...openai, baseUrl: "https://api.perplexity.ai", openaiPath: "" },
  { id: "cerebras", ...openai, baseUrl: "https://api.cerebras.ai" },
  {
    id: "nvidia",
    ...openai,
    baseUrl: "https://integrate.api.nvidia.com",
    streamUsageOnRequest: true,
    slashedModels: true,
  },
  {
    id: "huggingface",
    ...openai,
    baseUrl: "https://router.huggingface.co",
    streamUsageOnRequest: true,
    slashedModels: true,
  },
  {
    id: "gemini",
    shape: "gemini",
    auth: "as_sent",
    baseUrl: "https://generativelanguage.googleapis.com",
    otelName: "gcp.gemini",
    streamUsageOnRequest: true,
  },
  {
    id: "vertex",
    shape: "gemini",
    auth: "as_sent",
    baseUrl: "https://{region}aiplatform.googleapis.com",
    region: { from: "path", usual: "global" },
    otelName: "gcp.vertex_ai",
    streamUsageOnRequest: true,
  },
  {
    id: "bedrock",
    shape: "bedrock",
    auth: "sigv4",
    baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
    region: { from: "signature", usual: "us-east-1" },
    otelName: "aws.bedrock",
  },
  {
    id: "azure",
    ...openai,
    auth: "api-key",
    baseUrl: "",
    otelName: "azure.ai.openai",
    streamUsageOnRequest: true,
    addsNullUsage: true,
    openaiPath: "/openai/v1",
  },
  { id: "cohere", shape: "cohere", auth: "bearer", baseUrl: "https://api.cohere.com" },
  { id: "voyage", ...openai, baseUrl: "https://api.voyageai.com", otelName: "voyage_ai" },
  { id: "jina", ...openai, baseUrl: "https://api.jina.ai", otelName: "jina_ai" },
  { id: "moonshot", ...openai, baseUrl: "https://api.moonshot.ai", otelName: "moonshot_ai" },
  {
    id: "deepinfra",
    ...openai,
    baseUrl: "https://api.deepinfra.com",
    openaiPath: "/v1/openai",
    streamUsageOnRequest: true,
    slashedModels: true,
  },
  { id: "sambanova", ...openai, baseUrl: "https://api.sambanova.ai", streamUsageOnRequest: true },
  {
    id: "ollama",
    ...openai,
    shape: "ollama",
    baseUrl: "http://127.0.0.1:11434",
    streamUsageOnRequest: true,
    slashedModels: true,
  },
  { id: "vllm", ...openai, baseUrl: "http://127.0.0.1:8000", streamUsageOnRequest: true, slashedModels: true },
  { id: "lmstudio", ...openai, baseUrl: "http://127.0.0.1:1234", streamUsageOnRequest: true, slashedModels: true },
  { id: "llamacpp", ...openai, baseUrl: "http://127.0.0.1:8081", streamUsageOnRequest: true, slashedModels: true },
  { id: "localai", ...openai, baseUrl: "http://127.0.0.1:8082", streamUsageOnRequest: true, slashedModels: true },
];

export const providerIds: readonly string[] = providerRows.map((row) => row.id);

// In order: the first route that fits names the operation.
const routes: readonly ApiRoute[] = [
  ...palmRoutes,
  ...geminiRoutes,
  ...interactionRoutes,
  ...bedrockRoutes,
  ...ollamaRoutes,
  ...cohereRoutes,
  ...anthropicRoutes,
  ...completeRoutes,
  ...openaiRoutes,
];

// Paths come from clients: the memory of their meaning is bounded.
const knownPaths = new Map<string, Api>();
const knownPathsLimit = 1000;

/**
 * The operation that a path (without query) names: recognised by its shape, whatever the provider, since many of them
 * serve several vendors' APIs. An unknown path is an HTTP call like any other.
 */
export function apiOf(method: string, path: string): Api {
  const key = `${method} ${path}`;
  const known = knownPaths.get(key);
  if (known !== undefined) return known;
  const api = namedApi(method, path) ?? defineApi({ route: pathTemplate(path) });
  if (knownPaths.size < knownPathsLimit) knownPaths.set(key, api);
  return api;
}

function namedApi(method: string, path: string): Api | undefined {
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match !== null) return typeof route.api === "function" ? route.api(match) : route.api;
  }
  return undefined;
}

/** The path with everything that looks like an id left out, so that it makes few labels. */
function pathTemplate(path: string): string {
  const parts = path.split("/").slice(1, 8);
  return `/${parts.map((part) => (isPlainWord(part) ? part : "{id}")).join("/")}`;
}

function isPlainWord(part: string): boolean {
  return /^v\d+[a-z0-9]{0,6}$/.test(part) || /^[a-z_-]{0,24}(:[a-zA-Z]{1,24})?$/.test(part);
}
