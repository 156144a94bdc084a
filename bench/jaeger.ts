/** How the benchmark runs Jaeger v2, and asks it what it stored. */
import type { PeerStore } from "./ingest-peers.ts";

export interface JaegerPorts {
  readonly queryPort: number;
  readonly queryGrpcPort: number;
  readonly metricsPort: number;
}

/** The pipeline of Jaeger's own all-in-one.yaml and config-badger.yaml, with OTLP alone and on loopback. */
export function jaegerConfig(
  backend: string,
  { httpPort, grpcPort, queryPort, queryGrpcPort, metricsPort }: JaegerPorts & { httpPort: number; grpcPort: number },
): string {
  return `receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${grpcPort}"}, http: {endpoint: "127.0.0.1:${httpPort}"}}}}
processors: {batch: {}}
exporters: {jaeger_storage_exporter: {trace_storage: spans}}
extensions:
  jaeger_storage: {backends: {spans: {${backend}}}}
  jaeger_query:
    storage: {traces: spans}
    http: {endpoint: "127.0.0.1:${queryPort}"}
    grpc: {endpoint: "127.0.0.1:${queryGrpcPort}"}
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry:
    metrics: {level: basic, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]}
    logs: {level: error}
  pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [jaeger_storage_exporter]}}
`;
}

export function jaegerStore({ queryPort, metricsPort }: JaegerPorts): PeerStore {
  return {
    async writtenSpans() {
      const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
      const sent = /^otelcol_exporter_sent_spans\w*(?:\{.*\})? (\S+)$/m.exec(await response.text());
      return Number(sent?.[1] ?? 0);
    },
    async hasTrace(traceId) {
      const response = await fetch(`http://127.0.0.1:${queryPort}/api/traces/${traceId}`);
      await response.arrayBuffer();
      return response.ok;
    },
  };
}
