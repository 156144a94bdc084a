/** What a span is of: a call of a model, a step of an agent, a tool … */
export const spanKinds = [
  "llm",
  "embedding",
  "reranker",
  "retriever",
  "tool",
  "agent",
  "chain",
  "guardrail",
  "evaluator",
  "http",
] as const;
export type SpanKind = (typeof spanKinds)[number];

/** The kinds whose own usage is billed; the others only add up what their children used. */
export const billedKinds: ReadonlySet<string> = new Set<SpanKind>(["llm", "embedding", "reranker"]);

/** What `gen_ai.operation.name` is where a span of the kind has none. */
export const usualOperations: Partial<Record<SpanKind, string>> = {
  llm: "chat",
  embedding: "embeddings",
  tool: "execute_tool",
  agent: "invoke_agent",
  retriever: "retrieval",
  reranker: "rerank",
};
