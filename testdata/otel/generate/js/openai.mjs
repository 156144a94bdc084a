// OpenAI's SDK under an instrumentation: node openai.mjs traceloop|openinference|opentelemetry
import { captureCases, loggerProvider, mock, provider, question, weatherTool } from "./capture.mjs";
import { createRequire } from "node:module";
import { metrics } from "@opentelemetry/api";

const require = createRequire(import.meta.url);
const flavour = process.argv[2];
let OpenAI;
if (flavour === "opentelemetry") {
  const { OpenAIInstrumentation } = await import("@opentelemetry/instrumentation-openai");
  const instrumentation = new OpenAIInstrumentation({ captureMessageContent: true });
  instrumentation.setTracerProvider(provider);
  instrumentation.setLoggerProvider(loggerProvider);
  instrumentation.setMeterProvider(metrics.getMeterProvider());
  instrumentation.enable();
  ({ OpenAI } = require("openai"));
} else {
  ({ OpenAI } = require("openai"));
  const { OpenAIInstrumentation } = await import(
    { traceloop: "@traceloop/instrumentation-openai", openinference: "@arizeai/openinference-instrumentation-openai" }[
      flavour
    ]
  );
  const instrumentation = new OpenAIInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.manuallyInstrument(OpenAI);
}

const clientOf = (headers) =>
  new OpenAI({ baseURL: `${mock}/v1`, apiKey: "sk-capture", maxRetries: 0, defaultHeaders: headers });
const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: question },
];

await captureCases({
  async chat({ headers }) {
    await clientOf(headers).chat.completions.create({ model: "gpt-4o-mini", messages, temperature: 0.2, max_tokens: 200 });
  },
  async "chat-tools"({ headers }) {
    await clientOf(headers).chat.completions.create({
      model: "gpt-4o-mini",
      tools: [weatherTool],
      messages: [
        { role: "user", content: "What is the weather in Paris?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: "21 °C" },
        { role: "user", content: [{ type: "text", text: "And in Lisbon?" }] },
      ],
    });
  },
  async "chat-stream"({ headers }) {
    const stream = await clientOf(headers).chat.completions.create({
      model: "gpt-4o-mini",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const _ of stream);
  },
  async responses({ headers }) {
    await clientOf(headers).responses.create({ model: "gpt-5-mini", instructions: "Be brief.", input: question });
  },
  async embeddings({ headers }) {
    await clientOf(headers).embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] });
  },
  async "chat-error"({ headers }) {
    const client = clientOf({ ...headers, "x-mock-fault": "rate-limit" });
    await client.chat.completions.create({ model: "gpt-4o-mini", messages });
  },
});
