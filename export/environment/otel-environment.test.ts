import assert from "node:assert/strict";
import { test } from "node:test";
import { exportConfig } from "../config.ts";
import { readOtelEnvironment } from "./otel-environment.ts";
import { isOwnAddress } from "./own-address.ts";

/** The export configuration that variables alone make, checked as the whole configuration is. */
function configOf(environment: Record<string, string>) {
  const raw: Record<string, Record<string, unknown>> = { export: {}, metrics: {} };
  for (const { path, value } of readOtelEnvironment(environment).settings) {
    let object = raw as Record<string, unknown>;
    for (const part of path.slice(0, -1)) {
      object[part] ??= {};
      object = object[part] as Record<string, unknown>;
    }
    object[path.at(-1) ?? ""] = value;
  }
  return { export: exportConfig.parse(raw["export"]), metrics: raw["metrics"] };
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

test("nothing set, nothing leaves", () => {
  assert.deepEqual(configOf({}).export.destinations, {});
  assert.deepEqual(configOf({ OTEL_SERVICE_NAME: "shop", OTEL_EXPORTER_OTLP_HEADERS: "a=b" }).export.destinations, {});
});

test("an endpoint alone takes all three signals", () => {
  const { destinations } = configOf(endpoint).export;
  assert.deepEqual(Object.keys(destinations), ["otel-traces", "otel-metrics", "otel-logs"]);
  const traces = destinations["otel-traces"];
  assert.equal(traces?.endpoint, "http://collector:4318");
  assert.equal(traces?.isFullEndpoint, false);
  assert.equal(traces?.protocol, "http/protobuf");
  assert.equal(traces?.compression, "none");
  assert.equal(traces?.timeoutMs, 10_000);
});

test("a signal's own variables win", () => {
  const { destinations } = configOf({
    ...endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20MTIzOmdsY18%3D,x=a=b",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.example/ingest",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "api-key=t",
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "100",
  }).export;
  const { "otel-traces": traces, "otel-metrics": metrics, "otel-logs": logs } = destinations;
  assert.equal(traces?.endpoint, "https://traces.example/ingest");
  assert.equal(traces?.isFullEndpoint, true);
  assert.deepEqual(traces?.headers, { "api-key": "t" });
  assert.deepEqual(metrics?.headers, { Authorization: "Basic MTIzOmdsY18=", x: "a=b" });
  assert.equal(metrics?.protocol, "grpc");
  assert.equal(metrics?.compression, "gzip");
  assert.equal(logs?.timeoutMs, 100);
  assert.equal(traces?.timeoutMs, 2500);
});

for (const [name, environment, wanted] of [
  ["none", { ...endpoint, OTEL_TRACES_EXPORTER: "none" }, ["otel-metrics", "otel-logs"]],
  ["console alone", { OTEL_TRACES_EXPORTER: "console" }, ["otel-traces-console"]],
  [
    "two at once",
    { ...endpoint, OTEL_TRACES_EXPORTER: "otlp,console", OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" },
    ["otel-traces", "otel-traces-console"],
  ],
  ["prometheus is /metrics", { OTEL_METRICS_EXPORTER: "prometheus" }, []],
  ["disabled", { ...endpoint, OTEL_SDK_DISABLED: "true" }, []],
  ["a named exporter without endpoint", { OTEL_TRACES_EXPORTER: "otlp" }, ["otel-traces"]],
  ["empty is unset", { OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_TRACES_EXPORTER: " " }, []],
] as const) {
  test(`exporters: ${name}`, () =>
    assert.deepEqual(Object.keys(configOf(environment as Record<string, string>).export.destinations), wanted));
}

for (const [variable, value] of [
  ["OTEL_TRACES_EXPORTER", "zipkin"],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "-1"],
  ["OTEL_METRIC_EXPORT_INTERVAL", "soon"],
  ["OTEL_TRACES_SAMPLER", "jaeger_remote"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector"],
  ["OTEL_RESOURCE_ATTRIBUTES", "nothing"],
  ["OTEL_RESOURCE_ATTRIBUTES", "a=%zz"],
] as const) {
  test(`${variable}=${value} is told and ignored`, () => {
    const { ignored } = readOtelEnvironment({ [variable]: value });
    assert.ok(ignored.some((it) => it.variable === variable));
    configOf({ [variable]: value });
  });
}

test("processing, sampling, content and conventions", () => {
  const { export: config, metrics } = configOf({
    OTEL_SERVICE_NAME: "gateway-eu",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment.name=prod%20eu",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_BSP_MAX_QUEUE_SIZE: "99",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "9",
    OTEL_METRIC_EXPORT_INTERVAL: "1500",
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "DELTA",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "SPAN_AND_EVENT",
    OTEL_SEMCONV_STABILITY_OPT_IN: "http/dup, gen_ai_latest_experimental,database",
  });
  assert.equal(config.serviceName, "gateway-eu");
  assert.deepEqual(config.resourceAttributes, { "deployment.environment.name": "prod eu" });
  assert.deepEqual([config.delayMs, config.queueLimit, config.batchLimit, config.metricIntervalMs], [200, 99, 9, 1500]);
  assert.equal(config.metricTemporality, "delta");
  assert.deepEqual([config.sampler, config.samplerRatio], ["parentbased_traceidratio", 0.25]);
  assert.equal(config.content, "span_and_event");
  assert.deepEqual(metrics, { httpConventions: "both", genAiConventions: "latest" });
});

test("a gRPC endpoint may come without its scheme", () => {
  const plain = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" };
  const of = (more: Record<string, string>) =>
    configOf({ ...plain, ...more }).export.destinations["otel-traces"]?.endpoint;
  assert.equal(of({}), "https://collector:4317");
  assert.equal(of({ OTEL_EXPORTER_OTLP_INSECURE: "true" }), "http://collector:4317");
});

for (const [address, isOwn] of [
  ["http://localhost:4318", true],
  ["http://127.0.0.1:8080/v1/traces", true],
  ["http://[::1]:4317", true],
  ["http://10.1.2.3:8080", true],
  ["http://10.1.2.4:8080", false],
  ["http://localhost:4320", false],
  ["https://otlp.example", false],
] as const) {
  test(`${address} is ${isOwn ? "" : "not "}Weir's own address`, () =>
    assert.equal(isOwnAddress(address, "10.1.2.3", [8080, 4317, 4318]), isOwn));
}
