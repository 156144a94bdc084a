import type { AnyValue } from "@weir/otlp";
import { fieldUses } from "../compiled-fields.ts";
import { fieldReaders } from "../field-readers.ts";
import { type FieldName, fields } from "../fields.ts";
import { attributeOfField } from "../request-parameters.ts";

/** The place of each field in a list of values. */
export const fieldNumbers = Object.fromEntries(Object.keys(fields).map((name, index) => [name, index])) as Readonly<
  Record<FieldName, number>
>;
export const fieldCount = Object.keys(fields).length;

export interface PlannedUse {
  readonly field: number;
  readonly rank: number;
  readonly isText: boolean;
  readonly isCount: boolean;
  readonly read: (value: AnyValue) => unknown;
  /** Tells this use from all others, for a memo. */
  readonly number: number;
}

/** What becomes of an attribute, by its key alone. */
export interface KeyPlan {
  readonly key: string;
  /** A span that has the key is for `normalizeSpan`. */
  readonly isSlow: boolean;
  /** The same where its value is no number: it is stored in a form of its own. */
  readonly isParameter: boolean;
  readonly content: "none" | "inputMessages" | "outputMessages" | "other";
  readonly uses: readonly PlannedUse[];
}

/** Fields that are kept as attributes of these names: with these keys, what was sent is what is stored. */
const keptAs: Partial<Record<FieldName, string>> = {
  ...attributeOfField,
  tool_name: "gen_ai.tool.name",
  tool_call_id: "gen_ai.tool.call.id",
  agent_name: "gen_ai.agent.name",
};

/** Fields that only `normalizeSpan` knows what to do with. */
const slowFields: ReadonlySet<FieldName> = new Set([
  "error_type",
  "error_message",
  "level",
  "set_cost",
  "first_token_at",
] as const);

/** Keys that other code than the table reads, and not as content alone. */
const slowKeys: ReadonlySet<string> = new Set([
  "__proto__",
  "exception.message",
  "exception.type",
  "operation.name",
  "service.name",
  "metadata",
  "llm.invocation_parameters",
  "embedding.invocation_parameters",
  "model_config",
]);

const slowPrefixes = [
  "ai.",
  "langfuse.",
  "langsmith.",
  "mlflow.",
  "traceloop.",
  "haystack.",
  "db.vector.",
  "embedding.embeddings.",
  "weir.",
  "otel.",
];

/** Keys that dialects read content from. */
const contentKeys: ReadonlySet<string> = new Set([
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.args",
  "gen_ai.tool.call.result",
  "gen_ai.tool.result",
  "gen_ai.retrieval.query.text",
  "gen_ai.memory.query.text",
  "gen_ai.retrieval.documents",
  "gen_ai.memory.records",
  "gen_ai.prompt",
  "gen_ai.completion",
  "input.value",
  "output.value",
  "reranker.query",
  "tool.parameters",
  "tool_arguments",
  "tool_response",
  "final_result",
  "pydantic_ai.all_messages",
  "all_messages",
  "all_messages_events",
  "events",
  "gcp.vertex.agent.llm_request",
  "gcp.vertex.agent.llm_response",
  "gcp.vertex.agent.tool_call_args",
  "gcp.vertex.agent.tool_response",
  "lk.chat_ctx",
  "lk.user_input",
  "lk.function_tool.arguments",
  "lk.response.text",
  "lk.function_tool.output",
  "genkit:input",
  "genkit:output",
  "input",
  "output",
]);

const contentPrefixes = [
  "gen_ai.prompt.",
  "gen_ai.completion.",
  "llm.input_messages.",
  "llm.output_messages.",
  "llm.tools.",
  "llm.prompts.",
  "llm.choices.",
  "llm.request.functions.",
  "retrieval.documents.",
  "reranker.output_documents.",
];

let useCount = 0;

/** The plan of a key. */
export function planOf(key: string): KeyPlan {
  const uses = fieldUses.get(key) ?? [];
  const kept = uses.map(({ field }) => keptAs[field]).find((name) => name !== undefined);
  const isSlow =
    slowKeys.has(key) ||
    slowPrefixes.some((prefix) => key.startsWith(prefix)) ||
    uses.some(({ field }) => slowFields.has(field)) ||
    (kept !== undefined && kept !== key);
  return {
    key,
    isSlow,
    isParameter: kept !== undefined && uses.some(({ field, as }) => keptAs[field] !== undefined && as !== "text"),
    content: contentOf(key),
    uses: uses
      .filter(({ field }) => keptAs[field] === undefined)
      .map(({ field, rank, as }) => {
        const read = fieldReaders[as] as (value: AnyValue) => unknown;
        const base = { field: fieldNumbers[field], rank, read, number: useCount++ };
        return { ...base, isText: as === "text", isCount: as === "count" };
      }),
  };
}

function contentOf(key: string): KeyPlan["content"] {
  if (key === "gen_ai.input.messages") return "inputMessages";
  if (key === "gen_ai.output.messages") return "outputMessages";
  return contentKeys.has(key) || contentPrefixes.some((prefix) => key.startsWith(prefix)) ? "other" : "none";
}
