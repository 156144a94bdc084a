import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as GrpcMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
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
  await weir.until(`stored: ${spanCount} span(s) of ${traceId}`, 60_000, async () => {
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

test("OpenTelemetry's log exporter: its records are listed, and the content in them is the call's", async () => {
  const spans = new TracerProvider({
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new ProtobufExporter({ url: `${weir.otlpHttpUrl}/v1/traces` }) }),
    ],
  });
  const exporter = new OTLPLogExporter({ url: `${weir.otlpHttpUrl}/v1/logs` });
  const logs = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = logs.getLogger("e2e", "1.0.0");
  const span = spans.getTracer("e2e").startSpan("chat gpt-4o", { attributes: { "gen_ai.request.model": "gpt-4o" } });
  const inSpan = trace.setSpan(context.active(), span);
  logger.emit({ eventName: "gen_ai.user.message", body: { content: "How deep is it?" }, context: inSpan });
  const message = { role: "assistant", content: "Two metres." };
  logger.emit({ eventName: "gen_ai.choice", body: { index: 0, finish_reason: "stop", message }, context: inSpan });
  logger.emit({
    severityNumber: 13,
    severityText: "WARN",
    body: "slow answer",
    attributes: { ms: 900 },
    context: inSpan,
  });
  span.end();
  await Promise.all([spans.forceFlush(), logs.forceFlush()]);
  await Promise.all([spans.shutdown(), logs.shutdown()]);
  const { traceId, spanId } = span.spanContext();
  await traceOf(traceId, 1);
  interface Records {
    readonly data: readonly { body: string; severity_text: string; attributes: object; span_id: string }[];
  }
  const recordsOf = (query: string) => weir.json<Records>(`/api/v1/logs?trace_id=${traceId}${query}`);
  await weir.until("stored: 3 records", 60_000, async () => (await recordsOf("")).data.length === 3);
  const [warning] = (await recordsOf("&severity=warn")).data;
  assert.deepEqual(
    [warning?.body, warning?.severity_text, warning?.attributes, warning?.span_id],
    ["slow answer", "WARN", { ms: "900" }, spanId],
  );
  const call = await weir.json<{ input: string; output: string }>(`/api/v1/calls/${spanId}?trace_id=${traceId}`);
  assert.match(call.input, /How deep is it\?/);
  assert.match(call.output, /Two metres\./);
});

const metricExporters: Record<string, () => PushMetricExporter> = {
  "protobuf over HTTP": () => new OTLPMetricExporter({ url: `${weir.otlpHttpUrl}/v1/metrics` }),
  gRPC: () => new GrpcMetricExporter({ url: weir.otlpGrpcUrl }),
};

for (const [name, exporter] of Object.entries(metricExporters)) {
  test(`OpenTelemetry's metric exporter for ${name}: a counter's increase and a histogram's percentile`, async () => {
    const prefix = `e2e.${randomBytes(4).toString("hex")}`;
    const reader = new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 600_000 });
    const views = [
      {
        instrumentName: `${prefix}.exponential`,
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const,
      },
    ];
    const provider = new MeterProvider({ readers: [reader], views });
    const meter = provider.getMeter("e2e");
    const counter = meter.createCounter(`${prefix}.calls`, { unit: "{call}" });
    const histograms = ["explicit", "exponential"].map((shape) => meter.createHistogram(`${prefix}.${shape}`));
    for (let round = 0; round < 2; round++) {
      counter.add(3, { route: "/a" });
      counter.add(1, { route: "/b" });
      for (const histogram of histograms) for (let value = 1; value <= 100; value++) histogram.record(value);
      await provider.forceFlush();
    }
    await provider.shutdown();
    interface Answer {
      readonly series: readonly { labels: object; values: (number | null)[] }[];
    }
    const ask = async (name: string, aggregation: string, group_by: string[] = []) => {
      const body = JSON.stringify({ name: `${prefix}.${name}`, aggregation, group_by, step_seconds: 86_400 });
      const headers = { "content-type": "application/json", authorization: `Bearer ${weir.apiKey}` };
      const response = await fetch(`${weir.url}/api/v1/metrics/query`, { method: "POST", headers, body });
      return response.status === 200 ? ((await response.json()) as Answer).series : [];
    };
    const lastOf = ({ values }: Answer["series"][number]) =>
      values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
    await weir.until("stored: the counter's points", 60_000, async () => {
      const series = await ask("calls", "increase", ["route"]);
      return series.reduce((sum, one) => sum + lastOf(one), 0) === 8;
    });
    assert.deepEqual(
      (await ask("calls", "increase", ["route"])).map((one) => [one.labels, lastOf(one)]),
      [
        [{ route: "/a" }, 6],
        [{ route: "/b" }, 2],
      ],
    );
    for (const shape of ["explicit", "exponential"]) {
      const [count] = await ask(shape, "count");
      const [median] = await ask(shape, "p50");
      assert.ok(count && median);
      assert.equal(lastOf(count), 200, shape);
      assert.ok(Math.abs(lastOf(median) - 50) < 2, `${shape}: ${lastOf(median)}`);
    }
  });
}

test("exports of logs and metrics that are sent again count once", async () => {
  const word = randomBytes(8).toString("hex");
  const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n);
  const dataPoints = [{ timeUnixNano, asInt: "5" }];
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints };
  const logRecords = [{ timeUnixNano, body: { stringValue: word } }];
  for (let time = 0; time < 3; time++) {
    assert.equal(await send(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), "logs"), 200);
    const metrics = [{ name: word, sum }];
    assert.equal(await send(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }), "metrics"), 200);
  }
  const records = async () => (await weir.json<{ data: unknown[] }>(`/api/v1/logs?q=${word}`)).data.length;
  await weir.until("stored: the record", 60_000, async () => (await records()) > 0);
  // What is counted twice comes with what is counted once, or soon after it.
  await sleep(2500);
  assert.equal(await records(), 1);
  const headers = { "content-type": "application/json", authorization: `Bearer ${weir.apiKey}` };
  const body = JSON.stringify({ name: word, aggregation: "sum", step_seconds: 86_400 });
  const response = await fetch(`${weir.url}/api/v1/metrics/query`, { method: "POST", headers, body });
  const { series } = (await response.json()) as { series: { values: (number | null)[] }[] };
  assert.deepEqual(
    series.flatMap(({ values }) => values.filter((value) => value !== null)),
    [5],
  );
});

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

async function send(body: string, signal: "traces" | "logs" | "metrics" = "traces"): Promise<number> {
  const headers = { "content-type": "application/json", "x-api-key": weir.apiKey };
  const response = await fetch(`${weir.otlpHttpUrl}/v1/${signal}`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

const newTrace = () => randomBytes(16).toString("hex");

async function killIngest(): Promise<void> {
  const [pid] = weir.pidsOf("ingest");
  assert.ok(pid);
  kill(pid);
  await weir.until("ingest again", 60_000, async () => {
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
