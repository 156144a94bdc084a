// Collects what instrumentation emits in this process, as the OTLP JSON that an exporter would send.
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { logs } from "@opentelemetry/api-logs";
import { JsonLogsSerializer, JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { resourceFromAttributes } from "@opentelemetry/resources";

const exporter = new InMemorySpanExporter();
const logExporter = new InMemoryLogRecordExporter();
const resource = resourceFromAttributes({ "service.name": "capture", "deployment.environment.name": "test" });
export const provider = new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register({ contextManager: new AsyncLocalStorageContextManager().enable() });
export const loggerProvider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(logExporter)] });
logs.setGlobalLoggerProvider(loggerProvider);
export const tracer = provider.getTracer("capture");

export const mock = process.env.MOCK_URL;
export const question = "How do I export all of my data before I close my account?";
export const weatherSchema = {
  type: "object",
  properties: { city: { type: "string", description: "City name" } },
  required: ["city"],
};
export const weatherTool = {
  type: "function",
  function: { name: "get_weather", description: "The weather of a city", parameters: weatherSchema },
};

/** Runs the cases one after the other and writes `{ case: { traces, logs } }` to standard output. */
export async function captureCases(cases) {
  const captured = {};
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run({ headers: { "x-mock-case": name } });
    } catch (error) {
      if (!name.includes("error")) process.stderr.write(`${name}: ${error.stack ?? error}\n`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
    const spans = exporter.getFinishedSpans();
    const records = logExporter.getFinishedLogRecords();
    captured[name] = {
      traces: decode(JsonTraceSerializer.serializeRequest(spans)),
      ...(records.length > 0 && { logs: decode(JsonLogsSerializer.serializeRequest(records)) }),
    };
    exporter.reset();
    logExporter.reset();
  }
  process.stdout.write(`${JSON.stringify(captured)}\n`, () => process.exit(0));
}
