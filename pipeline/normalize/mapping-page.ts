import { contentDialects } from "./content.ts";
import { singleAttributePairs } from "./dialects/single-attributes.ts";
import { type Field, fields } from "./fields.ts";

/** The reference page `docs/otel-mapping.md`, from the table itself: which attribute becomes which field. */
export function mappingPage(): string {
  return [
    "# How OpenTelemetry spans are understood",
    "",
    "This page is made from the table in `pipeline/normalize/fields.ts`; a test keeps them equal.",
    "",
    "Of several attributes the first that says something wins, from left to right. Numbers may be text, structures may",
    "be JSON text. All attributes are kept as they were sent, except those whose value is in `input` or `output`.",
    "",
    "## Fields",
    "",
    "| field | meaning | attributes |",
    "|---|---|---|",
    ...Object.entries(fields).map(([name, field]) => fieldLine(name, field)),
    "",
    "## Content",
    "",
    "`input` and `output` are each the first that a dialect finds, in this order:",
    contentDialects.map(({ name }) => `\`${name}\``).join(", "),
    `(${singleAttributePairs.map(([input, output]) => [...input, ...output].map((key) => `\`${key}\``).join(" ")).join("; ")}).`,
    "",
    "A request and answer in a provider's own API stay as they are (`openai.chat`, `openai.responses`,",
    "`openai.completions`, `anthropic.messages`). Conversations in any other form come out as `weir.messages`: messages",
    "with `role` and `parts`, as OpenTelemetry writes them, with system instructions and tools beside them. Tools have",
    "their arguments and result, retrievers their query and documents, embeddings their texts; vectors are not kept.",
    "",
    "## Rules",
    "",
    "- **Calls are billed once.** Only `llm`, `embedding` and `reranker` spans have usage and cost; agents and chains repeat",
    "  what their children used. Spans of one export that tell of the same call (a parent and its only child of the same",
    "  kind, or one `gen_ai.response.id` in a trace) are counted once: the others become `chain` with `weir.duplicate_of`.",
    "- **Cached tokens are part of the input.** Senders disagree, so `weir.usage_rule` says what was done: `inclusive`,",
    "  `exclusive_details` (reads and writes exceeded the input), `exclusive_scope` (an instrumentation known to leave them",
    "  out), `exclusive_raw` (the provider's own usage shows it), `exclusive_words` (Langfuse's `input`).",
    "- **Unknown is not zero.** A count that was not sent is unknown, and so is a cost without a price. A reported cost of",
    "  0 is what SDKs write when they know no price, so it is unknown too.",
    "- **Cost**: the user's own (`langfuse.observation.cost_details`) and OpenRouter's bill come first, then our price, then",
    "  what an SDK worked out.",
    "- **Scope and resource** are kept as `otel.scope.name`, `otel.scope.version` and a few keys of the resource; other span",
    "  events and links as JSON in `otel.events` and `otel.links`.",
    "- **Metadata** of every dialect is also kept as `metadata.<key>`, and the request's parameters under",
    "  `gen_ai.request.*`.",
    "",
  ].join("\n");
}

function fieldLine(name: string, { meaning, from, as }: Field): string {
  const keys = from.map((source) => {
    const { key, as: reader } = typeof source === "string" ? { key: source, as } : source;
    return `\`${key}\`${reader === "milliseconds" ? " (ms)" : reader === "seconds" ? " (s)" : ""}`;
  });
  return `| ${name} | ${meaning.replaceAll("|", "\\|")} | ${keys.join(" > ")} |`;
}
