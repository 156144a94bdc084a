// Anthropic's SDK under an instrumentation, or with its own spans: node anthropic.mjs traceloop|openinference|own
import { captureCases, mock, provider, question, weatherSchema } from "./capture.mjs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const flavour = process.argv[2];
const module = require(flavour === "own" ? "@anthropic-ai/sdk" : "anthropic-sdk-v0");
const Anthropic = module.Anthropic ?? module.default;
if (flavour !== "own") {
  const { AnthropicInstrumentation } = await import(
    {
      traceloop: "@traceloop/instrumentation-anthropic",
      openinference: "@arizeai/openinference-instrumentation-anthropic",
    }[flavour]
  );
  const instrumentation = new AnthropicInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.manuallyInstrument(module);
}
const clientOf = (headers) =>
  new Anthropic({ baseURL: mock, apiKey: "sk-ant-capture", maxRetries: 0, defaultHeaders: headers });
const model = "claude-sonnet-4-5";
const system = [
  { type: "text", text: "You know the handbook by heart. ".repeat(200), cache_control: { type: "ephemeral" } },
];

await captureCases({
  async messages({ headers }) {
    await clientOf(headers).messages.create({
      model,
      max_tokens: 512,
      system: "Be brief.",
      messages: [{ role: "user", content: question }],
    });
  },
  async "messages-cache-write"({ headers }) {
    await clientOf(headers).messages.create({
      model,
      max_tokens: 64,
      system,
      messages: [{ role: "user", content: "First?" }],
    });
  },
  async "messages-cache-read-stream"({ headers }) {
    const stream = await clientOf(headers).messages.create({
      model,
      max_tokens: 64,
      system,
      stream: true,
      messages: [{ role: "user", content: "Second?" }],
    });
    for await (const _ of stream);
  },
  async "messages-tools"({ headers }) {
    await clientOf(headers).messages.create({
      model,
      max_tokens: 512,
      tools: [{ name: "get_weather", description: "The weather of a city", input_schema: weatherSchema }],
      messages: [{ role: "user", content: "What is the weather in Lisbon?" }],
    });
  },
});
