import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { apiOf, type ProviderRow, providerRows } from "./index.ts";

const page = new URL("../../docs/providers.md", import.meta.url);

/** How clients of a provider are pointed at it: the base URL that their SDK is given. */
const pointing: Readonly<Record<string, string>> = {
  anthropic: "`/anthropic`",
  gemini: '`httpOptions: { baseUrl: ".../gemini" }`; as OpenAI: `/gemini/v1beta/openai`',
  vertex: '`httpOptions: { baseUrl: ".../vertex" }`; Claude: `AnthropicVertex(base_url=".../vertex/v1")`',
  bedrock: "`endpoint` (JS), `endpoint_url` (boto3): `/bedrock`",
  azure: "`azure_endpoint`, `endpoint`: `/azure`; version 1: `/azure/openai/v1`",
  cohere: "`base_url`, `environment`: `/cohere`",
  ollama: "`host`: `/ollama`; as OpenAI: `/ollama/v1`",
  groq: "its own SDK: `/groq`; as OpenAI: `/groq/openai/v1`",
  mistral: "its own SDK: `/mistral`; as OpenAI: `/mistral/v1`",
  together: "its own SDK and as OpenAI: `/together/v1`",
};

/** What is read of each API, by a path of it. The test asks the gateway itself whether it is so. */
const operations: readonly (readonly [api: string, path: string])[] = [
  ["OpenAI", "/v1/chat/completions"],
  ["OpenAI", "/v1/responses"],
  ["OpenAI", "/v1/completions"],
  ["OpenAI", "/v1/embeddings"],
  ["OpenAI", "/v1/images/generations"],
  ["OpenAI", "/v1/images/edits"],
  ["OpenAI", "/v1/audio/speech"],
  ["OpenAI", "/v1/audio/transcriptions"],
  ["OpenAI", "/v1/moderations"],
  ["Mistral", "/v1/fim/completions"],
  ["Azure OpenAI", "/openai/deployments/{deployment}/chat/completions"],
  ["Anthropic", "/v1/messages"],
  ["Anthropic", "/v1/messages/count_tokens"],
  ["Anthropic", "/v1/complete"],
  ["Gemini", "/v1beta/models/{model}:generateContent"],
  ["Gemini", "/v1beta/models/{model}:streamGenerateContent"],
  ["Gemini", "/v1beta/models/{model}:batchEmbedContents"],
  ["Gemini", "/v1beta/interactions"],
  ["Gemini", "/v1beta/models/{model}:countTokens"],
  ["Vertex", "/v1/projects/p/locations/l/publishers/google/models/{model}:generateContent"],
  ["Vertex", "/v1/projects/p/locations/l/publishers/google/models/{embedding}:predict"],
  ["Vertex", "/v1/projects/p/locations/l/publishers/anthropic/models/{model}:streamRawPredict"],
  ["PaLM", "/v1beta2/models/{model}:generateText"],
  ["PaLM", "/v1beta2/models/{model}:generateMessage"],
  ["Cohere", "/v2/chat"],
  ["Cohere", "/v1/chat"],
  ["Cohere", "/v1/generate"],
  ["Cohere", "/v2/embed"],
  ["Cohere", "/v2/rerank"],
  ["Bedrock", "/model/{model}/converse"],
  ["Bedrock", "/model/{model}/converse-stream"],
  ["Bedrock", "/model/{model}/invoke"],
  ["Bedrock", "/model/{model}/invoke-with-response-stream"],
  ["Ollama", "/api/chat"],
  ["Ollama", "/api/generate"],
  ["Ollama", "/api/embed"],
];

function providerLine(row: ProviderRow): string {
  const address = row.baseUrl === "" ? `yours: \`WEIR_${row.id.toUpperCase()}_BASE_URL\`` : row.baseUrl;
  const openai = row.baseUrl.endsWith("/openai") ? "/openai/v1" : (row.openaiPath ?? "/v1");
  return `| \`${row.id}\` | ${address} | ${row.shape} | ${row.auth} | ${pointing[row.id] ?? `\`/${row.id}${openai}\``} |`;
}

function operationLine([name, path]: readonly [string, string]): string {
  const api = apiOf("POST", path);
  const streams = { when_asked: "when asked", unless_refused: "unless refused", always: "always", never: "no" };
  return `| ${name} | \`${path}\` | ${api.operation} | ${streams[api.streams]} | \`${api.format}\` |`;
}

/** `UPDATE_DOCS=1 node --test gateway/providers/providers-page.test.ts` writes the page anew. */
function providersPage(): string {
  return `# Providers

\`http://127.0.0.1:8080/<provider>/…\` goes to the provider, path and bytes as they are; only the base URL of an SDK
changes. The key is the provider's own, which travels on and is not stored, or a Weir key in its place, for which the
project's own provider key is sent (a *virtual key*). With \`gateway.keysFromEnvironment: true\`
(\`WEIR_GATEWAY_KEYS_FROM_ENVIRONMENT=true\`), callers on this machine that send none get the one of Weir's own environment:
\`OPENAI_API_KEY\`, \`ANTHROPIC_API_KEY\`, \`GEMINI_API_KEY\`, \`HF_TOKEN\`, \`AWS_ACCESS_KEY_ID\` … (\`<PROVIDER>_API_KEY\` for the
others and for providers of your own). Not where others can reach Weir, and not for pages of other sites.

| Provider | Address | API | Key of a connection | Base URL for an SDK, after Weir's address |
|---|---|---|---|---|
${providerRows.map(providerLine).join("\n")}

\`WEIR_<PROVIDER>_BASE_URL\` moves any of them. Another server of OpenAI's API is one entry of \`weir.yaml\`:
\`providers: { mine: { baseUrl: "http://gpu:8000" } }\`, and \`shape: anthropic\` (or another API of the table) where it
speaks another one.

## Any provider from an OpenAI client
With \`base_url="http://127.0.0.1:8080/v1"\`, the model may name its provider: \`anthropic/claude-sonnet-4-5\`,
\`gemini/gemini-2.5-flash\`, \`bedrock/us.amazon.nova-micro-v1:0\`, \`groq/llama-3.3-70b-versatile\`. Chat completions and
embeddings are translated, streams, tools and images included, and so are errors; a vendor of OpenAI's API gets its
model's name and every other byte as it was. What the other API cannot be asked is refused with 400 before it is sent.
The call is recorded in the provider's own words. The bearer token is put where the provider looks for its key. A model of Vertex's
is named by its whole path: \`vertex/projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash\`.
When the provider of \`/v1\` (\`gateway.defaultProvider\`) is one whose own models are called \`vendor/model\`
(${providerRows.flatMap((row) => (row.slashedModels === true ? [row.id] : [])).join(", ")}), names go to it as they are.

## What is read
From each of these: model, parameters, usage by class, finish reason, tools and their calls, content, errors, time to
the first content, and the price. Every other path passes as well and is recorded as an HTTP call: models, files,
batches, stored responses.

| API | Path | Operation | Streams | Content format |
|---|---|---|---|---|
${operations.map(operationLine).join("\n")}

Input tokens include cached reads and cache writes, output tokens include reasoning, whatever the provider's own base.
A response made in the background (\`background: true\`) tells no usage when it is asked for. The first
\`GET /v1/responses/{id}\` that finds it done is recorded as the call's result, with usage, cost and output; later ones are HTTP
calls.
Counts without a column are attributes: \`usage.web_search_requests\`, \`usage.search_units\`, \`usage.billed_input_tokens\`,
\`usage.input_image_tokens\`, \`usage.eval_duration_ns\` … Cohere's cost follows its billed units, OpenRouter's,
Perplexity's and xAI's is the one that they tell. Claude's tokens are those of compacting the conversation, too.

## What a call costs
Tokens at the rates of the price table (\`@pydantic/genai-prices\`), each class, sound and images apart; OpenAI's and
Anthropic's web searches and OpenAI's file searches by the call; transcription by the second where the model is billed so;
DALL·E by the image, its size and quality; \`tts-1\` by the character. A model of Hugging Face's has a price where its
name tells who serves it (\`org/model:nebius\`). What the table lacks of sound and images is in Weir's own
(\`model/media-prices.ts\`), each row with its source. A cost that cannot be known is not shown as a lower one: calls
that used OpenAI's code interpreter, its image generation as a tool, the preview of its web search, or another of
Claude's models as an advisor, and searches of models without a price for them, have none. Gemini's searches count as
within Google's free daily allowance.

## Realtime over WebSocket
\`ws://…/openai/v1/realtime?model=gpt-realtime\` (Azure's \`/openai/realtime?deployment=…\` too) passes byte for byte both
ways, compressed or not. It is read beside that: the connection is one call, and each response below it another, with
its model, usage (audio and cached audio apart), cost, what was said to it and what it said, in words, its first token
and rhythm. What was spoken by the user is there where the session has it transcribed. Sound is not kept. A session
that neither side closed properly is \`cut\` or \`cancelled\`; an \`error\` event makes it an error. Messages over 1 MiB are
passed and not read.

## Amazon Bedrock
A client signs its requests for the host that it calls. Through Weir that is Weir's, so that AWS would refuse the
signature: use one of Bedrock's API keys (\`AWS_BEARER_TOKEN_BEDROCK\`), or a virtual key. With a virtual key the client
takes the Weir key for its bearer token or for its access key id (the secret may be anything), the connection holds
\`ACCESS_KEY_ID:SECRET_ACCESS_KEY\` (with \`:SESSION_TOKEN\` for temporary credentials) or an API key, and Weir signs with
Signature Version 4 in the region that the client's own signature names, else \`us-east-1\`.

## Vertex AI and Azure
Vertex's address follows the location in the path. A connection holds an API key, or the JSON key file of a service
account: \`weir connection add vertex < key.json\`. Weir signs for an access token at the file's own token endpoint, sends
that in place of the Weir key, and replaces it five minutes before it ends; an endpoint inside a private network needs
\`network.allowedRanges\`. The client takes the Weir key for its access token or API key: in Python
\`genai.Client(vertexai=True, project=…, location=…, credentials=google.oauth2.credentials.Credentials(weir_key), …)\`,
\`AnthropicVertex(access_token=weir_key, …)\`. Azure's address is each customer's own: \`WEIR_AZURE_BASE_URL=https://mine.openai.azure.com\`, or the address of the project's connection.
`;
}

test("docs/providers.md lists exactly the rows and the operations", () => {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, providersPage());
  assert.equal(readFileSync(page, "utf8"), providersPage());
});

test("every operation that the page lists is one", () => {
  for (const [, path] of operations) assert.notEqual(apiOf("POST", path).operation, "", path);
});
