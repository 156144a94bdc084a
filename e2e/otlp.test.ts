import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { kill, Weir } from "./weir-process.ts";

/** OpenTelemetry's own exporters against the real processes, and what happens when an answer is lost. */

let weir: Weir;
before(async () => {
  weir = await Weir.start();
  // What OpenTelemetry's SDKs read for all of their exporters.
  process.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip";
  process.env["OTEL_EXPORTER_OTLP_HEADERS"] = `x-api-key=${weir.apiKey}`;
});
after(() => weir?.[Symbol.asyncDispose]());

interface TraceDetail {
  readonly span_count: number;
  readonly spans: readonly {
    readonly span_id: string;
    readonly parent_span_id: string | null;
    readonly name: string;
    readonly status: string;
    readonly source: string;
    readonly duration_ns: number;
    readonly api_key_id: string;
  }[];
}

async function traceOf(traceId: string, spanCount: number): Promise<TraceDetail> {
  let found: TraceDetail | undefined;
  await weir.until(`stored: ${spanCount} span(s) of ${traceId}`, 20_000, async () => {
    found = await weir.json<TraceDetail>(`/api/v1/traces/${traceId}`);
    return found.span_count >= spanCount;
  });
  assert.ok(found);
  return found;
}

const exporters: Record<string, () => SpanExporter> = {
  "protobuf over HTTP": () => new ProtobufExporter({ url: `${weir.otlpHttpUrl}/v1/traces` }),
  "JSON over HTTP": () => new JsonExporter({ url: `${weir.otlpHttpUrl}/v1/traces` }),
  gRPC: () => new GrpcExporter({ url: weir.otlpGrpcUrl }),
  "protobuf on the main port": () => new ProtobufExporter({ url: `${weir.url}/v1/traces` }),
};

for (const [name, exporter] of Object.entries(exporters)) {
  test(`OpenTelemetry's exporter for ${name}, in gzip: its spans are a trace`, async () => {
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: exporter() })] });
    const tracer = provider.getTracer("e2e", "1.0.0");
    const root = tracer.startSpan("invoke_agent planner", { attributes: { "gen_ai.operation.name": "invoke_agent" } });
    const inRoot = trace.setSpan(context.active(), root);
    const child = tracer.startSpan("chat gpt-4o", { attributes: { "gen_ai.usage.input_tokens": 12 } }, inRoot);
    child.setStatus({ code: SpanStatusCode.ERROR, message: "rate limited" });
    child.end();
    root.end();
    await provider.forceFlush();
    await provider.shutdown();
    const { traceId, spanId } = root.spanContext();
    const { spans } = await traceOf(traceId, 2);
    assert.deepEqual(
      spans.map((span) => [span.name, span.status, span.source, span.parent_span_id]).sort(),
      [
        ["chat gpt-4o", "error", "otlp", spanId],
        ["invoke_agent planner", "ok", "otlp", null],
      ].sort(),
    );
    assert.ok(spans.every(({ api_key_id }) => api_key_id !== ""));
  });
}

test("what was received is counted on /metrics, and /ready names the receiver", async () => {
  const metrics = await (await fetch(`${weir.url}/metrics`)).text();
  assert.match(metrics, /weir_otlp_spans_accepted_total\{transport="grpc"\} [1-9]/);
  assert.match(metrics, /weir_otlp_spans_accepted_total\{transport="http"\} [1-9]/);
  const ready = (await (await fetch(`${weir.url}/ready`)).json()) as { parts: Record<string, { status: string }> };
  assert.equal(ready.parts["otlp"]?.status, "ok");
});

/** An export of spans of one trace, in JSON. */
function exportOf(traceId: string, spanCount: number): string {
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: spanCount }, () => ({
    traceId,
    spanId: randomBytes(8).toString("hex"),
    name: "step",
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1000n),
  }));
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

async function send(body: string): Promise<number> {
  const headers = { "content-type": "application/json", "x-api-key": weir.apiKey };
  const response = await fetch(`${weir.otlpHttpUrl}/v1/traces`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

const newTrace = () => randomBytes(16).toString("hex");

async function killIngest(): Promise<void> {
  const [pid] = weir.pidsOf("ingest");
  assert.ok(pid);
  kill(pid);
  await weir.until("ingest again", 30_000, async () => {
    const [next] = weir.pidsOf("ingest");
    return next !== undefined && next !== pid && (await fetch(weir.otlpHttpUrl).then(({ status }) => status === 404));
  });
}

test("an export that is sent again counts once, also after a kill -9 of ingest", async () => {
  const traceId = newTrace();
  const body = exportOf(traceId, 5);
  assert.deepEqual([await send(body), await send(body)], [200, 200]);
  await killIngest();
  assert.equal(await send(body), 200);
  await sleep(2500);
  assert.equal((await traceOf(traceId, 5)).span_count, 5);
});

test("exports under way at a kill -9, sent again until they are answered, count once each", async () => {
  const traceId = newTrace();
  let exports = 0;
  let sentAgain = 0;
  let isBack = false;
  const worker = async () => {
    while (!isBack) {
      const body = exportOf(traceId, 2);
      exports += 1;
      while ((await send(body).catch(() => undefined)) !== 200) {
        sentAgain += 1;
        await sleep(50);
      }
      await sleep(5);
    }
  };
  const workers = Array.from({ length: 16 }, worker);
  await sleep(200);
  await killIngest();
  isBack = true;
  await Promise.all(workers);
  assert.ok(sentAgain > 0, "the kill hit nothing");
  await sleep(2500);
  assert.equal((await traceOf(traceId, exports * 2)).span_count, exports * 2);
});
