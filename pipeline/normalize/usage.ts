import { type Usage, unknownUsage } from "@weir/model";
import type { Span } from "@weir/otlp";
import { countOf, objectOf, type ValueObject } from "./attribute-value.ts";
import type { FieldValues } from "./compiled-fields.ts";
import { haystackMeta } from "./dialects/haystack.ts";
import { type ReadUsage, readUsageObject } from "./usage-object.ts";

/**
 * How the cached part of the input was understood, kept as `weir.usage_rule` where a cache was used:
 * - `inclusive`: the sender's input holds it, as OpenTelemetry's conventions say;
 * - `exclusive_details`: reads and writes exceed the input, so they cannot be part of it;
 * - `exclusive_scope`: the instrumentation is known to leave it out;
 * - `exclusive_raw`: the provider's own usage, sent along, shows that it was left out;
 * - `exclusive_words`: Langfuse's word `input` means the rest.
 */
export type UsageRule = "inclusive" | "exclusive_details" | "exclusive_scope" | "exclusive_raw" | "exclusive_words";

export interface SpanUsage {
  readonly usage: Usage;
  /** Absent where no cache was used, so that there was nothing to decide. */
  readonly rule?: UsageRule | undefined;
}

/** Instrumentations that pass Anthropic's `input_tokens` on, which leaves cached tokens out; their captures show it. */
const exclusiveScopes: readonly { readonly name: RegExp; readonly before?: readonly [major: number, minor: number] }[] =
  [
    { name: /^@traceloop\/instrumentation-anthropic$/ },
    { name: /^openlit\.instrumentation\.anthropic$/ },
    // Its Python sister adds them since 0.30.
    { name: /^opentelemetry\.instrumentation\.anthropic$/, before: [0, 30] },
  ];

const usageNames = Object.keys(unknownUsage) as (keyof Usage)[];

/**
 * The tokens of a span that calls a model, with cached tokens in the input and reasoning in the output, whatever the
 * sender counts. What is not told stays null.
 */
export function spanUsage(span: Span, fields: FieldValues): SpanUsage {
  const usage: Usage = { ...unknownUsage };
  for (const name of usageNames) usage[name] = fields[name] ?? null;
  const details = usageDetails(span.attributes);
  if (details !== undefined) for (const name of usageNames) usage[name] ??= details.parts[name] ?? null;
  const isDetailsInput = fields.input_tokens === undefined && details?.parts.input_tokens !== undefined;
  const rule = ruleOf(usage, span, isDetailsInput && details.leavesCacheOut);
  return { usage: completed(usage, rule), rule };
}

/** The usage object that a dialect sends as JSON, where attributes of their own are missing. */
function usageDetails(attributes: Span["attributes"]): ReadUsage | undefined {
  return (
    readUsageObject(attributes["langfuse.observation.usage_details"]) ??
    readUsageObject(attributes["mlflow.chat.tokenUsage"]) ??
    readUsageObject(attributes["langsmith.metadata.usage_metadata"]) ??
    readUsageObject(anthropicMetadata(attributes)["usage"]) ??
    openaiMetadata(attributes) ??
    readUsageObject(haystackMeta(attributes)["usage"])
  );
}

/** The AI SDK's `ai.response.providerMetadata`: the raw usage of Anthropic, from which the cache is read. */
function anthropicMetadata(attributes: Span["attributes"]): ValueObject {
  return objectOf(objectOf(attributes["ai.response.providerMetadata"])["anthropic"]);
}

function openaiMetadata(attributes: Span["attributes"]): ReadUsage | undefined {
  const metadata = objectOf(attributes["ai.response.providerMetadata"])["openai"];
  if (metadata === undefined) return undefined;
  const { cachedPromptTokens, reasoningTokens } = objectOf(metadata);
  return readUsageObject({ cached_tokens: cachedPromptTokens, reasoning_tokens: reasoningTokens });
}

function ruleOf(usage: Usage, { scope, attributes }: Span, isExclusiveByWords: boolean): UsageRule | undefined {
  const cached = (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  if (usage.input_tokens === null || cached === 0) return undefined;
  if (cached > usage.input_tokens) return "exclusive_details";
  if (isExclusiveByWords) return "exclusive_words";
  if (isExclusiveScope(scope.name, scope.version)) return "exclusive_scope";
  const raw = countOf(objectOf(anthropicMetadata(attributes)["usage"])["input_tokens"]);
  return raw === usage.input_tokens ? "exclusive_raw" : "inclusive";
}

function isExclusiveScope(name: string, version: string): boolean {
  return exclusiveScopes.some((scope) => {
    if (!scope.name.test(name)) return false;
    if (scope.before === undefined) return true;
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [beforeMajor, beforeMinor] = scope.before;
    return major < beforeMajor || (major === beforeMajor && minor < beforeMinor);
  });
}

function completed(usage: Usage, rule: UsageRule | undefined): Usage {
  const { input_tokens, output_tokens, reasoning_tokens } = usage;
  const cached = (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  return {
    ...usage,
    input_tokens:
      input_tokens === null || rule === undefined || rule === "inclusive" ? input_tokens : input_tokens + cached,
    // Reasoning that exceeds the output was left out of it (Gemini's own counts).
    output_tokens:
      output_tokens !== null && reasoning_tokens !== null && reasoning_tokens > output_tokens
        ? output_tokens + reasoning_tokens
        : output_tokens,
  };
}
