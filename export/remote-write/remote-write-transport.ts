import { createPostTransport } from "../otlp/http-transport.ts";
import type { Transport, TransportOptions } from "../otlp/transport.ts";
import { snappyBlock } from "./snappy-block.ts";

/** Prometheus's remote write: Prometheus, Mimir, Thanos, VictoriaMetrics. */
export function createRemoteWriteTransport(options: TransportOptions): Transport {
  return createPostTransport(options, {
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    urlOf: () => options.endpoint,
    encode: async (body) => snappyBlock(body),
    // A plain 2xx says that all of it was taken.
    readAnswer: () => ({ rejectedCount: 0, reason: "" }),
  });
}
