import { runAgent } from "./agent-run.ts";
import { exchangesOn, supportHandbook, type WrittenExchange } from "./exchanges.ts";
import { type Answer, callProvider, type GatewayTarget, type ProviderCall } from "./gateway-client.ts";
import type { Random } from "./random.ts";

/** What a scenario has at hand. */
export interface Stage {
  readonly target: GatewayTarget;
  readonly random: Random;
  readonly user: string;
}

export interface Scenario {
  readonly name: string;
  /** How often it is chosen, against the others' weights. */
  readonly weight: number;
  /** Plays it to its end; the number of model calls made. */
  play(stage: Stage): Promise<number>;
}

const people = "ana bruno carla diogo elsa filipe greta hugo ines jonas katja luis marta nuno".split(" ");

/** Somebody of Nordlicht Outdoor's customers and staff; the first ones call most. */
export function someone(random: Random): string {
  const index = Math.floor(people.length * random.next() ** 2);
  return `${people[index] ?? "ana"}@nordlicht.example`;
}

/** Everything that happens in the demo. A new scenario is a function and a line here. */
export const scenarios: readonly Scenario[] = [
  { name: "support chat", weight: 20, play: supportChat },
  { name: "support with a cached handbook", weight: 12, play: supportWithHandbook },
  { name: "coding with thinking", weight: 9, play: codingWithThinking },
  { name: "coding by the responses API", weight: 8, play: codingByResponses },
  { name: "summary", weight: 14, play: summary },
  { name: "structured sentiment", weight: 7, play: structuredSentiment },
  { name: "portuguese assistant", weight: 8, play: portugueseAssistant },
  { name: "reasoning aloud", weight: 3, play: reasoningAloud },
  { name: "research with Gemini", weight: 6, play: researchWithGemini },
  { name: "mail sorted by Cohere", weight: 4, play: mailByCohere },
  { name: "embeddings", weight: 8, play: embeddings },
  { name: "tools in parallel", weight: 7, play: toolsInParallel },
  { name: "agent", weight: 4, play: (stage) => runAgent(stage.target, stage.random, stage.user) },
  { name: "a reader leaves", weight: 4, play: readerLeaves },
  { name: "rate limit, then again", weight: 3, play: rateLimitedThenAgain },
  { name: "provider trouble", weight: 4, play: providerTrouble },
];

function written(stage: Stage, topic: WrittenExchange["topic"]): string {
  return stage.random.pick(exchangesOn(topic)).prompt;
}

function openaiChat(stage: Stage, body: object, more: Partial<ProviderCall> = {}): Promise<Answer> {
  const call: ProviderCall = { provider: "openai", path: "/v1/chat/completions", user: stage.user, body, ...more };
  return callProvider(stage.target, call);
}

async function supportChat(stage: Stage): Promise<number> {
  const { random } = stage;
  const session = `chat_${random.letters(10)}`;
  const messages: object[] = [
    {
      role: "system",
      content: "You are Marina, the support assistant of Nordlicht Outdoor. Be warm, exact and brief.",
    },
  ];
  const turns = random.between(1, 3);
  for (const exchange of exchangesOn("support").slice(0, turns)) {
    messages.push({ role: "user", content: exchange.prompt });
    const body = { model: "gpt-4o-mini", stream: true, stream_options: { include_usage: true }, messages };
    await openaiChat(stage, body, { session, tags: ["support", "web"] });
    messages.push({ role: "assistant", content: exchange.answer });
  }
  return turns;
}

async function supportWithHandbook(stage: Stage): Promise<number> {
  await callProvider(stage.target, {
    provider: "anthropic",
    path: "/v1/messages",
    user: stage.user,
    session: `mail_${stage.random.letters(10)}`,
    tags: ["support", "mail"],
    body: {
      model: "claude-haiku-4-5-20251001",
      max_tokens: 1024,
      stream: stage.random.chance(0.5),
      system: [{ type: "text", text: supportHandbook, cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: written(stage, "support") }],
    },
  });
  return 1;
}

async function codingWithThinking(stage: Stage): Promise<number> {
  await callProvider(stage.target, {
    provider: "anthropic",
    path: "/v1/messages",
    user: stage.user,
    tags: ["coding", "editor"],
    body: {
      model: stage.random.chance(0.15) ? "claude-opus-4-1-20250805" : "claude-sonnet-4-5-20250929",
      max_tokens: 4096,
      stream: true,
      thinking: { type: "enabled", budget_tokens: 2048 },
      messages: [{ role: "user", content: written(stage, "coding") }],
    },
  });
  return 1;
}

async function codingByResponses(stage: Stage): Promise<number> {
  await callProvider(stage.target, {
    provider: "openai",
    path: "/v1/responses",
    user: stage.user,
    tags: ["coding", "review"],
    body: {
      model: stage.random.chance(0.3) ? "gpt-5" : "gpt-5-mini",
      stream: stage.random.chance(0.7),
      instructions: "You review code. Say what is wrong first, then show the fix.",
      input: written(stage, "coding"),
      reasoning: { effort: "medium", summary: "auto" },
    },
  });
  return 1;
}

async function summary(stage: Stage): Promise<number> {
  const messages = [{ role: "user", content: written(stage, "summary") }];
  await openaiChat(stage, { model: "gpt-4.1-mini", temperature: 0.2, messages }, { tags: ["summary", "batch"] });
  return 1;
}

async function structuredSentiment(stage: Stage): Promise<number> {
  const properties = {
    sentiment: { type: "string", enum: ["neutral", "positive", "negative"] },
    priority: { type: "string", enum: ["low", "high"] },
    language: { type: "string" },
  };
  const body = {
    model: "mistral-small-latest",
    messages: [{ role: "user", content: `Classify this message: ${written(stage, "support")}` }],
    response_format: { type: "json_schema", json_schema: { name: "triage", schema: { type: "object", properties } } },
  };
  await openaiChat(stage, body, { provider: "mistral", tags: ["triage"] });
  return 1;
}

async function portugueseAssistant(stage: Stage): Promise<number> {
  const body = {
    model: "llama-3.3-70b-versatile",
    stream: true,
    messages: [
      { role: "system", content: "Responde sempre em português europeu, com simpatia e sem rodeios." },
      { role: "user", content: written(stage, "portuguese") },
    ],
  };
  await openaiChat(stage, body, { provider: "groq", tags: ["assistant", "pt"] });
  return 1;
}

async function reasoningAloud(stage: Stage): Promise<number> {
  const body = {
    model: "deepseek-reasoner",
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: written(stage, "research") }],
  };
  await openaiChat(stage, body, { provider: "deepseek", tags: ["research"] });
  return 1;
}

async function researchWithGemini(stage: Stage): Promise<number> {
  const model = stage.random.chance(0.3) ? "gemini-2.5-pro" : "gemini-2.5-flash";
  const isStream = stage.random.chance(0.7);
  await callProvider(stage.target, {
    provider: "gemini",
    path: `/v1beta/models/${model}:${isStream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    user: stage.user,
    tags: ["research", "notebook"],
    body: {
      systemInstruction: { parts: [{ text: "Weigh the sources. Say what is not known." }] },
      contents: [{ role: "user", parts: [{ text: written(stage, "research") }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    },
  });
  return 1;
}

async function mailByCohere(stage: Stage): Promise<number> {
  await callProvider(stage.target, {
    provider: "cohere",
    path: "/v2/chat",
    user: stage.user,
    tags: ["support", "mail"],
    body: {
      model: "command-a-03-2025",
      stream: stage.random.chance(0.5),
      messages: [{ role: "user", content: written(stage, "support") }],
    },
  });
  return 1;
}

async function embeddings(stage: Stage): Promise<number> {
  const input = Array.from({ length: stage.random.between(1, 16) }, () => written(stage, "support"));
  await callProvider(stage.target, {
    provider: "openai",
    path: "/v1/embeddings",
    user: "indexer",
    tags: ["search", "index"],
    body: { model: "text-embedding-3-small", input, encoding_format: "base64" },
  });
  return 1;
}

const orderTools = [
  {
    type: "function",
    function: {
      name: "find_order",
      description: "Finds an order by its number.",
      parameters: { type: "object", properties: { order_id: { type: "string" } }, required: ["order_id"] },
    },
  },
  {
    type: "function",
    function: {
      name: "track_parcel",
      description: "Where a parcel was last seen.",
      parameters: { type: "object", properties: { order_id: { type: "string" }, language: { type: "string" } } },
    },
  },
];

/** Two calls of one trace: the model asks for two tools at once, then answers from their results. */
async function toolsInParallel(stage: Stage): Promise<number> {
  const { random } = stage;
  const session = `chat_${random.letters(10)}`;
  const traceId = random.hex(32);
  const question = { role: "user", content: exchangesOn("support")[0]?.prompt ?? "" };
  const common = { model: "gpt-4o", tools: orderTools };
  const more = () => ({ session, tags: ["support", "tools"], traceparent: `00-${traceId}-${random.hex(16)}-01` });
  const asked = await openaiChat(stage, { ...common, messages: [question] }, more());
  if (asked.status !== 200) return 1;
  const message = JSON.parse(asked.text).choices[0].message as { tool_calls: { id: string }[] };
  const results = message.tool_calls.map((call) => ({
    role: "tool",
    tool_call_id: call.id,
    content: JSON.stringify({ order: "48213", last_scan: "Porto hub, Sunday 21:14", carrier: "CTT" }),
  }));
  await openaiChat(stage, { ...common, stream: true, messages: [question, message, ...results] }, more());
  return 2;
}

async function readerLeaves(stage: Stage): Promise<number> {
  const body = {
    model: stage.random.chance(0.5) ? "gpt-4o" : "gpt-4.1",
    stream: true,
    messages: [{ role: "user", content: written(stage, "coding") }],
  };
  await openaiChat(stage, body, { leaveAfterMs: stage.random.between(700, 2200), tags: ["coding", "web"] });
  return 1;
}

async function rateLimitedThenAgain(stage: Stage): Promise<number> {
  const body = { model: "gpt-4o", messages: [{ role: "user", content: written(stage, "summary") }] };
  await openaiChat(stage, body, { fault: "rate-limit", tags: ["summary"] });
  await openaiChat(stage, body, { tags: ["summary"] });
  return 2;
}

async function providerTrouble(stage: Stage): Promise<number> {
  const { random } = stage;
  const fault = random.pick(["server-error", "bad-request", "unauthorized", "overloaded", "cut", "error-in-stream"]);
  const messages = [{ role: "user", content: written(stage, "support") }];
  if (random.chance(0.5)) {
    await openaiChat(stage, { model: "gpt-4o-mini", stream: true, messages }, { fault, tags: ["support"] });
  } else {
    const body = { model: "claude-haiku-4-5-20251001", max_tokens: 1024, stream: true, messages };
    await callProvider(stage.target, { provider: "anthropic", path: "/v1/messages", user: stage.user, body, fault });
  }
  return 1;
}
