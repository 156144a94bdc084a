import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callsOfUser, newUser } from "./calls-api.ts";
import { freePort } from "./free-port.ts";
import { Program, Weir } from "./weir-process.ts";

/** One Weir exports to another by each of OTLP's protocols and to the console, all at once. */

let mock: Program;
let collector: Weir;
before(async () => {
  mock = await Program.start("demo/mock-provider.ts", "--pace", "0.05");
  collector = await Weir.start();
});
after(async () => {
  await collector?.[Symbol.asyncDispose]();
  await mock?.[Symbol.asyncDispose]();
});

interface CollectedSpan {
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly service_name: string;
  readonly request_model: string;
  readonly input_tokens: number | null;
  readonly input: string;
  readonly ttft_ns: number | null;
}

async function collectedSpan(spanId: string): Promise<CollectedSpan> {
  await collector.until(`collected: ${spanId}`, 60_000, async () => {
    const response = await collector.fetch(`/api/v1/calls/${spanId}`);
    await response.arrayBuffer();
    return response.ok;
  });
  return collector.json(`/api/v1/calls/${spanId}`);
}

async function metricNames(service: string): Promise<string[]> {
  const { data } = await collector.json<{ data: { name: string; service_names: string[] }[] }>("/api/v1/metrics");
  return data.filter(({ service_names }) => service_names.includes(service)).map(({ name }) => name);
}

/** A streamed call with a trace of its caller's; what Weir recorded of it. */
async function call(weir: Weir, flags = "01") {
  const user = newUser();
  const traceId = crypto.randomUUID().replaceAll("-", "");
  const parentId = traceId.slice(0, 16);
  const response = await fetch(`${weir.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: "Bearer sk-e2e",
      "content-type": "application/json",
      "x-weir-user": user,
      traceparent: `00-${traceId}-${parentId}-${flags}`,
    },
    body: JSON.stringify({
      model: "gpt-4o-mini",
      stream: true,
      messages: [{ role: "user", content: "Where is order 4711?" }],
    }),
  });
  await response.text();
  assert.equal(response.status, 200);
  const [recorded] = await callsOfUser(weir, user);
  assert.ok(recorded);
  assert.equal(recorded.trace_id, traceId);
  assert.equal(recorded.parent_span_id, parentId);
  return recorded;
}

const quick = {
  OTEL_BSP_SCHEDULE_DELAY: "100",
  OTEL_BLRP_SCHEDULE_DELAY: "100",
  OTEL_METRIC_EXPORT_INTERVAL: "300",
};

for (const protocol of ["http/protobuf", "http/json", "grpc"] as const) {
  test(`OTEL_* variables: traces, metrics and logs over ${protocol}, and to the console`, async () => {
    const service = `exporter-${protocol.replace("/", "-")}`;
    await using weir = await Weir.start({
      upstream: mock.url,
      environment: {
        ...quick,
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? collector.otlpGrpcUrl : collector.otlpHttpUrl,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: protocol === "http/json" ? "none" : "gzip",
        OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${collector.apiKey}`,
        OTEL_TRACES_EXPORTER: "otlp,console",
        OTEL_METRICS_EXPORTER: "otlp,console",
        OTEL_SERVICE_NAME: service,
      },
    });
    const recorded = await call(weir);
    const span = await collectedSpan(recorded.span_id);
    assert.equal(span.service_name, service);
    assert.equal(span.request_model, "gpt-4o-mini");
    assert.equal(span.input_tokens, recorded.input_tokens);
    assert.equal(span.parent_span_id, recorded.parent_span_id);
    assert.ok(span.ttft_ns !== null && recorded.ttft_ns !== null);
    assert.ok(Math.abs(span.ttft_ns - recorded.ttft_ns) < 1000);
    assert.equal(span.input, "", "content leaves only when asked for");
    await collector.until("metrics collected", 60_000, async () => {
      const names = await metricNames(service);
      return ["gen_ai.client.operation.duration", "http.server.request.duration", "tokens_counter"].every((name) =>
        names.includes(name),
      );
    });
    await collector.until("logs collected", 60_000, async () => {
      const { data } = await collector.json<{ data: unknown[] }>(`/api/v1/logs?service_name=${service}`);
      return data.length > 0;
    });
    await weir.until("printed", 60_000, () => weir.output.includes('"resourceMetrics"'));
    const printed = weir.output.split("\n").filter((line) => line.startsWith('{"resourceSpans"'));
    assert.ok(printed.some((line) => line.includes(recorded.span_id) && JSON.parse(line)));
    const metrics = await (await fetch(`${weir.url}/metrics`)).text();
    assert.match(metrics, /^weir_export_items_total\{destination="otel-traces",signal="traces"\} \d+$/m);
  });
}

test("weir.yaml: content when asked for, basic auth, a sampled-out caller, a dead collector beside a live one", async () => {
  const file = join(collector.dataDirectory, "exporting.yaml");
  writeFileSync(
    file,
    `export:
  content: span
  delayMs: 100
  retryForMs: 1500
  serviceName: from-yaml
  destinations:
    live:
      endpoint: ${collector.otlpHttpUrl}
      signals: [traces]
      headers:
        x-api-key: ${collector.apiKey}
    dead:
      endpoint: http://127.0.0.1:9
      signals: [traces]
`,
  );
  await using weir = await Weir.start({ upstream: mock.url, environment: { WEIR_CONFIG: file } });
  const recorded = await call(weir);
  const span = await collectedSpan(recorded.span_id);
  assert.match(span.input, /order 4711/);
  const unsampled = await call(weir, "00");
  const next = await call(weir);
  await collectedSpan(next.span_id);
  assert.equal((await collector.fetch(`/api/v1/calls/${unsampled.span_id}`)).status, 404);
  await weir.until("dropped", 60_000, async () => {
    const metrics = await (await fetch(`${weir.url}/metrics`)).text();
    return /^weir_export_items_dropped_total\{destination="dead",signal="traces",reason="expired"\} [1-9]/m.test(
      metrics,
    );
  });
});

test("a Weir that is told to export to itself says so and does not", async () => {
  const port = String(await freePort());
  await using weir = await Weir.start({
    upstream: mock.url,
    environment: {
      ...quick,
      WEIR_OTLP_HTTP_PORT: port,
      OTEL_TRACES_EXPORTER: "otlp,zipkin",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${port}`,
    },
  });
  await call(weir);
  assert.match(weir.output, /A destination of telemetry is this Weir itself/);
  assert.match(weir.output, /OTEL_TRACES_EXPORTER/);
  assert.doesNotMatch(await (await fetch(`${weir.url}/metrics`)).text(), /weir_export_items/);
});
