import type { SpanKind } from "@weir/model";
import { ownValue } from "@weir/model";

/** What each dialect calls a kind of span → what the house calls it. A word that is not listed says nothing. */
type KindWords = Readonly<Record<string, SpanKind>>;

const own: KindWords = {
  llm: "llm",
  embedding: "embedding",
  reranker: "reranker",
  retriever: "retriever",
  tool: "tool",
  agent: "agent",
  chain: "chain",
  guardrail: "guardrail",
  evaluator: "evaluator",
};

/** `gen_ai.operation.name`, with words outside the conventions that emitters use. */
export const operationKinds: KindWords = {
  ...own,
  chat: "llm",
  generate_content: "llm",
  text_completion: "llm",
  completion: "llm",
  generate: "llm",
  response: "llm",
  embeddings: "embedding",
  rerank: "reranker",
  retrieval: "retriever",
  search_memory: "retriever",
  execute_tool: "tool",
  create_agent: "agent",
  invoke_agent: "agent",
  plan: "agent",
  agent_step: "chain",
  invoke_workflow: "chain",
  create_memory: "chain",
  update_memory: "chain",
  upsert_memory: "chain",
  delete_memory: "chain",
  create_memory_store: "chain",
  delete_memory_store: "chain",
  // Both repeat or announce what another call is billed for.
  fetch_response: "chain",
  count_tokens: "chain",
};

/** `langfuse.observation.type`. */
export const langfuseKinds: KindWords = { ...own, generation: "llm", span: "chain", event: "chain" };

/** `openinference.span.kind`, in lower case. */
export const openinferenceKinds: KindWords = { ...own, prompt: "chain" };

/** `langsmith.span.kind`. */
export const langsmithKinds: KindWords = { ...own, prompt: "chain", parser: "chain" };

/** `mlflow.spanType`, in lower case. */
export const mlflowKinds: KindWords = {
  ...own,
  chat_model: "llm",
  memory: "retriever",
  parser: "chain",
  workflow: "chain",
  task: "chain",
};

/** `traceloop.span.kind`. */
export const traceloopKinds: KindWords = { workflow: "chain", task: "chain", agent: "agent", tool: "tool" };

/** `llm.request.type`. */
export const requestTypeKinds: KindWords = {
  chat: "llm",
  completion: "llm",
  embedding: "embedding",
  embeddings: "embedding",
  rerank: "reranker",
};

/** `genkit:metadata:subtype`. */
export const genkitKinds: KindWords = {
  model: "llm",
  embedder: "embedding",
  reranker: "reranker",
  retriever: "retriever",
  tool: "tool",
  agent: "agent",
  flow: "chain",
};

/** How the names of Haystack's components end. */
export const haystackSuffixKinds: readonly (readonly [string, SpanKind])[] = [
  ["Generator", "llm"],
  ["Embedder", "embedding"],
  ["Retriever", "retriever"],
  ["Ranker", "reranker"],
  ["ToolInvoker", "tool"],
  ["Agent", "agent"],
];

/** How the operations of Vercel's AI SDK end: these call a model, the operations around them repeat their usage. */
export const aiSdkSuffixKinds: readonly (readonly [string, SpanKind])[] = [
  [".doGenerate", "llm"],
  [".doStream", "llm"],
  [".doEmbed", "embedding"],
  [".doRerank", "reranker"],
  ["ai.toolCall", "tool"],
  ["ai.embed", "chain"],
  ["ai.embedMany", "chain"],
  ["ai.rerank", "chain"],
];

/** The word's kind; undefined when the dialect has no such word. */
export function kindOfWord(words: KindWords, word: string): SpanKind | undefined {
  return ownValue(words, word);
}
