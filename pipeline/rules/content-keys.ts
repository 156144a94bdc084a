/** Attributes that hold what was asked and answered, in every dialect that `normalize/` reads, by their whole names. */
const contentKeys = new Set([
  "gen_ai.prompt",
  "gen_ai.completion",
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.tool.args",
  "gen_ai.tool.result",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
  "gen_ai.retrieval.query.text",
  "gen_ai.retrieval.documents",
  "gen_ai.memory.query.text",
  "gen_ai.memory.records",
  "input.value",
  "output.value",
  "llm.prompt_template.template",
  "llm.prompt_template.variables",
  "llm.invocation_parameters.messages",
  "tool.parameters",
  "reranker.query",
  "traceloop.entity.input",
  "traceloop.entity.output",
  "mlflow.spanInputs",
  "mlflow.spanOutputs",
  "langfuse.observation.input",
  "langfuse.observation.output",
  "langfuse.trace.input",
  "langfuse.trace.output",
  "gcp.vertex.agent.llm_request",
  "gcp.vertex.agent.llm_response",
  "gcp.vertex.agent.tool_call_args",
  "gcp.vertex.agent.tool_response",
  "lk.chat_ctx",
  "lk.user_input",
  "lk.instructions",
  "lk.response.text",
  "lk.function_tool.arguments",
  "lk.function_tool.output",
  "genkit:input",
  "genkit:output",
  "db.vector.query.text",
  "ai.ranking",
  "ai.value",
  "ai.values",
  "ai.toolCall.args",
  "ai.toolCall.result",
  "haystack.component.input",
  "haystack.component.output",
  "haystack.agent.input",
  "haystack.agent.output",
  "haystack.pipeline.input_data",
  "haystack.pipeline.output_data",
  "pydantic_ai.all_messages",
  "all_messages",
  "all_messages_events",
  "events",
  "final_result",
  "tool_arguments",
  "tool_response",
  "input",
  "output",
  // Of span events that are not about content; applications put into them what they like.
  "otel.events",
]);

/** The same where a number or a part follows: `gen_ai.prompt.0.content`, but not `gen_ai.prompt.name`. */
const contentKeyStart =
  /^(?:gen_ai\.(?:prompt|completion)\.\d|llm\.(?:input_messages|output_messages|prompts|choices|tools|request\.functions)\.|(?:retrieval|reranker\.(?:input|output))(?:\.|_)documents\.|embedding\.embeddings\.|ai\.(?:prompt|result)(?:\.|$)|ai\.response\.(?:text|object|reasoning|toolCalls|files)(?:\.|$))/;

/** Of a log record that is about a call, what its message is made of. */
const messageKeys = new Set(["content", "message", "tool_calls", "arguments", "response", "reasoning", "parts"]);

/** Whether an attribute of a span or a log record holds content. */
export function isContentKey(key: string): boolean {
  return contentKeys.has(key) || contentKeyStart.test(key);
}

/** Whether an attribute of a log record of a `gen_ai.` event does. */
export function isMessageKey(key: string): boolean {
  return messageKeys.has(key) || isContentKey(key);
}
