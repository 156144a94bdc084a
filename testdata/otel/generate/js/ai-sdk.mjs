// Vercel AI SDK 4, 5 and 7: node ai-sdk.mjs 4|5|7
import { captureCases, mock, question, tracer, weatherSchema } from "./capture.mjs";

const version = process.argv[2];
const { generateText, streamText, embed, embedMany, generateObject, tool, registerTelemetry, stepCountIs, jsonSchema } =
  await import({ 4: "ai-v4", 5: "ai-v5", 7: "ai" }[version]);
const { createOpenAI } = await import({ 4: "ai-openai-v1", 5: "ai-openai-v2", 7: "@ai-sdk/openai" }[version]);

if (version === "7") {
  const { OpenTelemetry } = await import("@ai-sdk/otel");
  registerTelemetry(new OpenTelemetry());
}
const telemetry = {
  isEnabled: true,
  functionId: "answer-customer",
  tracer,
  metadata: { userId: "user-7", sessionId: "session-3", tags: ["beta", "eu"], team: "support" },
};
const settings = { experimental_telemetry: telemetry, telemetry };
const openaiOf = (headers) => createOpenAI({ baseURL: `${mock}/v1`, apiKey: "sk-capture", headers });
const chatModel = (headers, id) => openaiOf(headers).chat(id);
const embedder = (headers) => {
  const openai = openaiOf(headers);
  return (openai.embeddingModel ?? openai.textEmbeddingModel ?? openai.embedding).call(openai, "text-embedding-3-small");
};

const schema = jsonSchema(weatherSchema);
const weather = tool({
  description: "The weather of a city",
  parameters: schema,
  inputSchema: schema,
  execute: async ({ city }) => ({ city, celsius: 18 }),
});

await captureCases({
  async "generate-text"({ headers }) {
    await generateText({
      ...settings,
      model: chatModel(headers, "gpt-4o-mini"),
      system: "Be brief.",
      prompt: question,
      temperature: 0.2,
    });
  },
  async "generate-text-tools"({ headers }) {
    await generateText({
      ...settings,
      model: chatModel(headers, "gpt-4o-mini"),
      prompt: "What is the weather in Lisbon?",
      tools: { weather },
      ...(version === "4" ? { maxSteps: 3 } : { stopWhen: stepCountIs(3) }),
    });
  },
  async "stream-text"({ headers }) {
    const result = streamText({ ...settings, model: chatModel(headers, "gpt-4o-mini"), prompt: question });
    for await (const _ of result.textStream);
  },
  async "generate-object"({ headers }) {
    await generateObject({
      ...settings,
      model: chatModel(headers, "gpt-4o-mini"),
      schema,
      prompt: "Which city?",
    });
  },
  async embed({ headers }) {
    await embed({ ...settings, model: embedder(headers), value: "a few words" });
  },
  async "embed-many"({ headers }) {
    await embedMany({ ...settings, model: embedder(headers), values: ["one", "two"] });
  },
  async "generate-text-error"({ headers }) {
    await generateText({
      ...settings,
      maxRetries: 0,
      model: chatModel({ ...headers, "x-mock-fault": "rate-limit" }, "gpt-4o-mini"),
      prompt: question,
    });
  },
  ...(version === "7" && {
    async "anthropic-cache"({ headers }) {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      const anthropic = createAnthropic({ baseURL: `${mock}/v1`, apiKey: "sk-capture", headers });
      for (const question of ["First?", "Second?"])
        await generateText({
          ...settings,
          model: anthropic("claude-sonnet-4-5"),
          messages: [
            {
              role: "system",
              content: "You know the handbook by heart. ".repeat(200),
              providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } },
            },
            { role: "user", content: question },
          ],
          allowSystemInMessages: true,
        });
    },
  }),
});
