import type { FieldReaderName } from "./field-readers.ts";

/**
 * The one table of attributes: canonical field ← attribute keys in order of precedence, the first that says something
 * wins. Pure data: `compiled-fields.ts` turns it into a map by key, the reference page is printed from it.
 * Values that must be assembled from several attributes (conversations, details in JSON) are read by `dialects/`.
 */
export interface Field {
  /** What the field means, for the reference page. */
  readonly meaning: string;
  /** How values are read, where a key does not say otherwise. */
  readonly as: FieldReaderName;
  readonly from: readonly (string | KeyedReader)[];
}

export interface KeyedReader {
  readonly key: string;
  readonly as: FieldReaderName;
}

const as = <Reader extends FieldReaderName>(reader: Reader, key: string) => ({ key, as: reader });

export const fields = {
  kind: {
    meaning: "The kind of span; `chain` when nothing tells.",
    as: "kindOfOperation",
    from: [
      as("kindOfLangfuse", "langfuse.observation.type"),
      as("kindOfOpeninference", "openinference.span.kind"),
      "gen_ai.operation.name",
      as("kindOfMcp", "mcp.method.name"),
      as("kindOfLangsmith", "langsmith.span.kind"),
      as("kindOfMlflow", "mlflow.spanType"),
      as("kindOfTraceloop", "traceloop.span.kind"),
      as("kindOfRequestType", "llm.request.type"),
      as("kindOfAiSdk", "ai.operationId"),
      as("kindOfAiSdk", "operation.name"),
      as("kindOfHaystack", "haystack.component.type"),
      as("guardrailIfSet", "litellm.guardrail.name"),
      as("kindOfGenkit", "genkit:metadata:subtype"),
      as("toolIfSet", "gen_ai.tool.name"),
    ],
  },
  operation: {
    meaning: "gen_ai.operation.name; else the usual one of the kind.",
    as: "text",
    from: ["gen_ai.operation.name"],
  },
  provider: {
    meaning: "gen_ai.provider.name; else what component, message format or model name give away.",
    as: "text",
    from: [
      "gen_ai.provider.name",
      as("aiProvider", "ai.model.provider"),
      "gen_ai.system",
      "llm.provider",
      "llm.system",
      as("unquoted", "mlflow.llm.provider"),
      "langsmith.metadata.ls_provider",
      "llm.vendor",
    ],
  },
  request_model: {
    meaning: "The model asked for.",
    as: "text",
    from: [
      "gen_ai.request.model",
      "llm.request.model_name",
      "llm.request.model",
      as("modelOfParameters", "llm.invocation_parameters"),
      "langfuse.observation.model.name",
      "ai.model.id",
      "embedding.model_name",
      "reranker.model_name",
      "llm.model_name",
      as("unquoted", "mlflow.llm.model"),
      "langsmith.metadata.ls_model_name",
      "genkit:name",
    ],
  },
  response_model: {
    meaning: "The model that answered.",
    as: "text",
    from: [
      "gen_ai.response.model",
      "llm.response.model_name",
      "llm.response.model",
      "ai.response.model",
      "llm.model_name",
      as("unquoted", "mlflow.llm.model"),
    ],
  },
  response_id: {
    meaning: "The provider's id of the answer.",
    as: "text",
    from: ["gen_ai.response.id", "ai.response.id"],
  },
  input_tokens: {
    meaning: "Tokens sent; cached reads and writes are added where the sender leaves them out.",
    as: "count",
    from: [
      "gen_ai.usage.input_tokens",
      "gen_ai.usage.prompt_tokens",
      "llm.token_count.prompt",
      "llm.usage.prompt_tokens",
      "ai.usage.inputTokens",
      "ai.usage.promptTokens",
      "ai.usage.tokens",
    ],
  },
  output_tokens: {
    meaning: "Tokens generated, reasoning included.",
    as: "count",
    from: [
      "gen_ai.usage.output_tokens",
      "gen_ai.usage.completion_tokens",
      "llm.token_count.completion",
      "llm.usage.completion_tokens",
      "ai.usage.outputTokens",
      "ai.usage.completionTokens",
    ],
  },
  cache_read_tokens: {
    meaning: "Part of the input that was read from a cache.",
    as: "count",
    from: [
      "gen_ai.usage.cache_read.input_tokens",
      "gen_ai.usage.cache_read_input_tokens",
      "gen_ai.usage.details.cache_read_tokens",
      "gen_ai.usage.details.cache_read_input_tokens",
      "gen_ai.usage.input_tokens.cached",
      "llm.token_count.prompt_details.cache_read",
      "llm.usage.cache_read_input_tokens",
      "ai.usage.cachedInputTokens",
      "ai.usage.inputTokenDetails.cacheReadTokens",
    ],
  },
  cache_write_tokens: {
    meaning: "Part of the input that was written to a cache.",
    as: "count",
    from: [
      "gen_ai.usage.cache_write.input_tokens",
      "gen_ai.usage.cache_creation.input_tokens",
      "gen_ai.usage.cache_creation_input_tokens",
      "gen_ai.usage.details.cache_write_tokens",
      "gen_ai.usage.details.cache_creation_input_tokens",
      "gen_ai.usage.input_tokens.cache_write",
      "llm.token_count.prompt_details.cache_write",
      "llm.usage.cache_creation_input_tokens",
      "ai.usage.inputTokenDetails.cacheWriteTokens",
    ],
  },
  cache_write_1h_tokens: {
    meaning: "Part of the cache writes with a lifetime of an hour.",
    as: "count",
    from: ["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"],
  },
  reasoning_tokens: {
    meaning: "Part of the output that was thought and not shown.",
    as: "count",
    from: [
      "gen_ai.usage.reasoning.output_tokens",
      "gen_ai.usage.reasoning_tokens",
      "gen_ai.usage.details.reasoning_tokens",
      "gen_ai.usage.output_tokens.reasoning",
      "llm.token_count.completion_details.reasoning",
      "llm.usage.reasoning_tokens",
      "ai.usage.reasoningTokens",
      "ai.usage.outputTokenDetails.reasoningTokens",
    ],
  },
  input_audio_tokens: {
    meaning: "Part of the input that was audio.",
    as: "count",
    from: [
      "gen_ai.usage.audio.input_tokens",
      "gen_ai.usage.details.input_audio_tokens",
      "llm.token_count.prompt_details.audio",
    ],
  },
  output_audio_tokens: {
    meaning: "Part of the output that was audio.",
    as: "count",
    from: [
      "gen_ai.usage.audio.output_tokens",
      "gen_ai.usage.details.output_audio_tokens",
      "llm.token_count.completion_details.audio",
    ],
  },
  set_cost: {
    meaning: "USD as the user says, which no table overrules.",
    as: "costDetails",
    from: ["langfuse.observation.cost_details"],
  },
  reported_cost: {
    meaning:
      "USD as the sender worked out; stands where there is no price of ours, and for OpenRouter, which bills it.",
    as: "amount",
    from: [
      "gen_ai.usage.cost",
      "operation.cost",
      "gen_ai.cost.total_cost",
      "litellm.cost.total",
      "llm.cost.total",
      "mlflow.llm.cost.total_cost",
      "gen_ai.usage.total_cost",
    ],
  },
  service_tier: {
    meaning: "The provider's service tier: default, flex, priority, batch …",
    as: "text",
    from: [
      "openai.response.service_tier",
      "gen_ai.openai.response.service_tier",
      "gen_ai.response.service_tier",
      "anthropic.response.service_tier",
      "openai.request.service_tier",
      "gen_ai.openai.request.service_tier",
      "gen_ai.request.service_tier",
    ],
  },
  is_batch: {
    meaning: "Part of a batch, at the provider's batch price.",
    as: "boolean",
    from: ["gen_ai.request.batch"],
  },
  ttft_ns: {
    meaning: "Time to first token; unless the call is known not to stream.",
    as: "seconds",
    from: [
      "gen_ai.response.time_to_first_chunk",
      "gen_ai.client.operation.time_to_first_chunk",
      as("milliseconds", "ai.response.msToFirstChunk"),
      as("milliseconds", "ai.stream.msToFirstChunk"),
      "gen_ai.server.time_to_first_token",
    ],
  },
  first_token_at: {
    meaning: "When the first token came, as RFC 3339.",
    as: "unquoted",
    from: ["langfuse.observation.completion_start_time"],
  },
  is_stream: {
    meaning: "Whether the answer was streamed; a time to first token or a streaming operation also says so.",
    as: "boolean",
    from: [
      "gen_ai.request.stream",
      "gen_ai.is_streaming",
      "llm.is_streaming",
      "litellm.request.streaming",
      "gen_ai.response.streaming",
    ],
  },
  finish_reason: {
    meaning: "Why the answer ended, in OpenTelemetry's words.",
    as: "text",
    from: [
      as("firstText", "gen_ai.response.finish_reasons"),
      "gen_ai.response.finish_reason",
      "llm.finish_reason",
      "llm.response.finish_reason",
      "llm.response.stop_reason",
      "anthropic.message.stop_reason",
      "ai.response.finishReason",
      "gen_ai.completion.0.finish_reason",
    ],
  },
  user_id: {
    meaning: "Who it was done for; the end customer's id that was sent to the provider, where there is no other.",
    as: "text",
    from: [
      "langfuse.user.id",
      "user.id",
      "enduser.id",
      "langsmith.metadata.user_id",
      "traceloop.association.properties.user_id",
      "ai.telemetry.metadata.userId",
      as("unquoted", "mlflow.trace.user"),
      "metadata.user_api_key_user_id",
      "litellm.metadata.user_api_key_user_id",
      "gen_ai.user",
      "gen_ai.request.user",
      "llm.user",
      "litellm.end_user.id",
    ],
  },
  session_id: {
    meaning: "The conversation.",
    as: "text",
    from: [
      "gen_ai.conversation.id",
      "langfuse.session.id",
      "session.id",
      "langsmith.trace.session_id",
      "langsmith.metadata.session_id",
      "langsmith.metadata.thread_id",
      "traceloop.association.properties.session_id",
      "ai.telemetry.metadata.sessionId",
      as("unquoted", "mlflow.trace.session"),
    ],
  },
  tags: {
    meaning: "Free labels.",
    as: "texts",
    from: ["langfuse.trace.tags", "langfuse.tags", "tag.tags", "langsmith.span.tags", "ai.telemetry.metadata.tags"],
  },
  prompt_name: {
    meaning: "The managed prompt that was used.",
    as: "text",
    from: [
      "gen_ai.prompt.name",
      "langfuse.observation.prompt.name",
      "langfuse.prompt.name",
      "traceloop.prompt.key",
      "prompt.id",
    ],
  },
  prompt_version: {
    meaning: "Its version.",
    as: "text",
    from: [
      "gen_ai.prompt.version",
      "langfuse.observation.prompt.version",
      "langfuse.prompt.version",
      "traceloop.prompt.version",
      "llm.prompt_template.version",
    ],
  },
  tool_name: {
    meaning: "Attribute gen_ai.tool.name, of tool spans.",
    as: "text",
    from: ["gen_ai.tool.name", "tool.name", "ai.toolCall.name"],
  },
  tool_call_id: {
    meaning: "Attribute gen_ai.tool.call.id, of tool spans.",
    as: "text",
    from: ["gen_ai.tool.call.id", "tool_call.id", "tool.id", "ai.toolCall.id"],
  },
  agent_name: {
    meaning: "Attribute gen_ai.agent.name.",
    as: "text",
    from: ["gen_ai.agent.name", "agent.name", "agent_name", "graph.node.name", "ai.telemetry.functionId"],
  },
  temperature: {
    meaning: "Attribute gen_ai.request.temperature.",
    as: "number",
    from: ["gen_ai.request.temperature", "ai.settings.temperature"],
  },
  top_p: {
    meaning: "Attribute gen_ai.request.top_p.",
    as: "number",
    from: ["gen_ai.request.top_p", "ai.settings.topP"],
  },
  top_k: {
    meaning: "Attribute gen_ai.request.top_k.",
    as: "number",
    from: ["gen_ai.request.top_k", "ai.settings.topK", "llm.top_k"],
  },
  max_tokens: {
    meaning: "Attribute gen_ai.request.max_tokens.",
    as: "count",
    from: [
      "gen_ai.request.max_tokens",
      "gen_ai.request.max_completion_tokens",
      "ai.settings.maxOutputTokens",
      "ai.settings.maxTokens",
    ],
  },
  frequency_penalty: {
    meaning: "Attribute gen_ai.request.frequency_penalty.",
    as: "number",
    from: ["gen_ai.request.frequency_penalty", "ai.settings.frequencyPenalty", "llm.frequency_penalty"],
  },
  presence_penalty: {
    meaning: "Attribute gen_ai.request.presence_penalty.",
    as: "number",
    from: ["gen_ai.request.presence_penalty", "ai.settings.presencePenalty", "llm.presence_penalty"],
  },
  seed: {
    meaning: "Attribute gen_ai.request.seed.",
    as: "number",
    from: ["gen_ai.request.seed", "gen_ai.openai.request.seed", "ai.settings.seed"],
  },
  stop_sequences: {
    meaning: "Attribute gen_ai.request.stop_sequences.",
    as: "texts",
    from: ["gen_ai.request.stop_sequences", "ai.settings.stopSequences", "llm.chat.stop_sequences"],
  },
  choice_count: {
    meaning: "Attribute gen_ai.request.choice.count.",
    as: "count",
    from: ["gen_ai.request.choice.count", "gen_ai.request.n"],
  },
  reasoning_level: {
    meaning: "Attribute gen_ai.request.reasoning.level.",
    as: "text",
    from: ["gen_ai.request.reasoning.level", "gen_ai.request.reasoning_effort"],
  },
  error_type: {
    meaning: "What failed; else the type of the span's exception event.",
    as: "text",
    from: ["error.type"],
  },
  error_message: {
    meaning: "What failed in words, where the span's status does not say.",
    as: "text",
    from: ["exception.message", "langfuse.observation.status_message", "error.message"],
  },
  level: { meaning: "ERROR marks a failed observation.", as: "text", from: ["langfuse.observation.level"] },
  http_status: {
    meaning: "The status that the client saw.",
    as: "count",
    from: ["http.response.status_code", "http.status_code", "rpc.response.status_code"],
  },
  environment: {
    meaning: "The deployment, from the span or its resource.",
    as: "text",
    from: ["deployment.environment.name", "deployment.environment", "langfuse.environment"],
  },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;
