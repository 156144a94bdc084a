import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Span } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import OpenAI from "openai";
import { kill, Program, Weir } from "./weir-process.ts";

/** One call that the gateway forwards and that the caller's OpenTelemetry tells of too, in either order: billed once. */

let mock: Program;
let weir: Weir;
let spans: TracerProvider;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.15");
  weir = await Weir.start({ upstream: mock.url });
  spans = newTracerProvider();
});
after(async () => {
  await spans?.shutdown();
  await weir?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

function newTracerProvider(): TracerProvider {
  const exporter = new OTLPTraceExporter({
    url: `${weir.otlpHttpUrl}/v1/traces`,
    headers: { "x-api-key": weir.apiKey },
  });
  return new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
}

function startSpan(): Span {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
  };
  return spans.getTracer("counted-once").startSpan("chat gpt-4o-mini", { attributes });
}

/** As OpenTelemetry's instrumentations for HTTP pass a trace on. */
function headersOf(span: Span): Record<string, string> {
  const { traceId, spanId } = span.spanContext();
  return { traceparent: `00-${traceId}-${spanId}-01` };
}

const messages = [{ role: "user" as const, content: "How deep is the weir?" }];

function complete(headers: Record<string, string>): Promise<OpenAI.ChatCompletion> {
  const client = new OpenAI({ baseURL: `${weir.url}/openai/v1`, apiKey: "sk-e2e-provider-key", maxRetries: 0 });
  return client.chat.completions.create({ model: "gpt-4o-mini", messages }, { headers });
}

function end(span: Span, { id, model, usage }: OpenAI.ChatCompletion): Promise<void> {
  span.setAttributes({
    "gen_ai.response.id": id,
    "gen_ai.response.model": model,
    "gen_ai.usage.input_tokens": usage?.prompt_tokens ?? 0,
    "gen_ai.usage.output_tokens": usage?.completion_tokens ?? 0,
  });
  span.end();
  return spans.forceFlush();
}

interface Totals {
  readonly calls: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_nano_usd: number | null;
}

const totals = async () => (await weir.json<{ total: Totals }>("/api/v1/metrics/summary")).total;

interface Detail {
  readonly span_count: number;
  readonly spans: readonly { span_id: string; kind: string; source: string }[];
}

async function stored(traceIds: readonly string[], spanCount: number): Promise<Detail[]> {
  let found: Detail[] = [];
  await weir.until(`stored: ${spanCount} span(s)`, 60_000, async () => {
    const answers = await Promise.all(traceIds.map((id) => weir.fetch(`/api/v1/traces/${id}`)));
    found = await Promise.all(answers.filter(({ ok }) => ok).map((answer) => answer.json() as Promise<Detail>));
    return found.reduce((sum, { span_count }) => sum + span_count, 0) >= spanCount;
  });
  return found;
}

/** What came since `before`: one call of the completion's tokens. */
async function checkOnce(before: Totals, { usage }: OpenAI.ChatCompletion): Promise<void> {
  const now = await totals();
  assert.deepEqual(
    [
      now.calls - before.calls,
      (now.input_tokens ?? 0) - (before.input_tokens ?? 0),
      (now.output_tokens ?? 0) - (before.output_tokens ?? 0),
      (now.cost_nano_usd ?? 0) - (before.cost_nano_usd ?? 0),
    ],
    [
      1,
      usage?.prompt_tokens,
      usage?.completion_tokens,
      (usage?.prompt_tokens ?? 0) * 150 + (usage?.completion_tokens ?? 0) * 600,
    ],
  );
}

test("the gateway's record first, the caller's span after it, in one trace", async () => {
  const before = await totals();
  const span = startSpan();
  const { traceId } = span.spanContext();
  const completion = await complete(headersOf(span));
  await stored([traceId], 1);
  await end(span, completion);
  const [detail] = await stored([traceId], 2);
  assert.equal(detail?.span_count, 2);
  const billed = detail?.spans.filter(({ kind }) => kind === "llm").map(({ source }) => source);
  assert.deepEqual(billed, ["gateway"]);
  await checkOnce(before, completion);
});

test("the caller's span first, the gateway's record after it", async () => {
  const before = await totals();
  const span = startSpan();
  const { traceId, spanId } = span.spanContext();
  const headers = headersOf(span);
  // The same case gives the same answer: what the span tells beforehand is what the call will answer.
  const straight = new OpenAI({ baseURL: `${mock.url}/v1`, apiKey: "sk-e2e-provider-key" });
  const told = await straight.chat.completions.create(
    { model: "gpt-4o-mini", messages },
    { headers: { "x-mock-case": "sdk first" } },
  );
  await end(span, told);
  await stored([traceId], 1);
  const completion = await complete({ ...headers, "x-mock-case": "sdk first" });
  const [detail] = await stored([traceId], 2);
  assert.equal(detail?.spans.find(({ kind }) => kind === "llm")?.span_id, spanId);
  await checkOnce(before, completion);
});

test("traces of their own, with core killed in between", async () => {
  const before = await totals();
  const span = startSpan();
  const { traceId } = span.spanContext();
  const completion = await complete({});
  await weir.until("stored: the gateway's call", 60_000, async () => (await totals()).calls === before.calls + 1);
  for (const pid of weir.pidsOf("core")) kill(pid);
  await weir.until("core is back", 60_000, async () => (await weir.fetch("/api/v1/metrics/summary")).ok);
  await end(span, completion);
  await stored([traceId], 1);
  await checkOnce(before, completion);
});
