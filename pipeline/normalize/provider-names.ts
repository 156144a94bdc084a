/** What emitters call a provider → `gen_ai.provider.name`, or the gateway's id where OpenTelemetry has no name. */
const aliases: Readonly<Record<string, string>> = {
  azure: "azure.ai.openai",
  "az.ai.openai": "azure.ai.openai",
  "azure-openai": "azure.ai.openai",
  azure_openai: "azure.ai.openai",
  azureopenai: "azure.ai.openai",
  "az.ai.inference": "azure.ai.inference",
  azure_ai_inference: "azure.ai.inference",
  azure_ai: "azure.ai.inference",
  aws: "aws.bedrock",
  bedrock: "aws.bedrock",
  aws_bedrock: "aws.bedrock",
  "amazon-bedrock": "aws.bedrock",
  amazon_bedrock: "aws.bedrock",
  bedrock_converse: "aws.bedrock",
  google: "gcp.gemini",
  gemini: "gcp.gemini",
  google_genai: "gcp.gemini",
  google_ai_studio: "gcp.gemini",
  "google.generative-ai": "gcp.gemini",
  "google-gla": "gcp.gemini",
  vertex_ai: "gcp.vertex_ai",
  vertexai: "gcp.vertex_ai",
  google_vertexai: "gcp.vertex_ai",
  "google.vertex": "gcp.vertex_ai",
  "google-vertex": "gcp.vertex_ai",
  mistral: "mistral_ai",
  mistralai: "mistral_ai",
  xai: "x_ai",
  moonshot: "moonshot_ai",
  moonshotai: "moonshot_ai",
  togetherai: "together",
  together_ai: "together",
  fireworks_ai: "fireworks",
  perplexityai: "perplexity",
  watsonx: "ibm.watsonx.ai",
};

/** Frameworks that some emitters write where the provider belongs. */
const frameworks = new Set(["langchain", "langgraph", "llamaindex", "llama_index", "haystack", "litellm", "gateway"]);

/**
 * The name that the gateway uses for the same provider: lower case, aliases resolved, an API behind the name cut off
 * (`openai.chat`, `google.vertex.chat`). Empty for the name of a framework; unknown names stay.
 */
export function providerName(text: string): string {
  const name = text.trim().toLowerCase();
  if (frameworks.has(name)) return "";
  for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
    const head = name.slice(0, end);
    if (Object.hasOwn(aliases, head)) return aliases[head] ?? "";
    if (knownNames.has(head)) return head;
  }
  return name;
}

const knownNames = new Set([
  ...Object.values(aliases),
  "openai",
  "anthropic",
  "cohere",
  "deepseek",
  "groq",
  "openrouter",
]);

/** Model families that one provider alone makes and names so. Others serve them too, but under names of their own. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(?:gpt-(?!oss)|chatgpt-|o[1345](?:-|$)|text-embedding-(?:3|ada)|ft:gpt-)/, "openai"],
  [/^claude-/, "anthropic"],
  [/^(?:models\/)?gemini-/, "gcp.gemini"],
];

/** The maker of a model by its name, where a span names no provider; empty when the name does not tell. */
export function providerOfModel(model: string): string {
  return families.find(([pattern]) => pattern.test(model))?.[1] ?? "";
}
