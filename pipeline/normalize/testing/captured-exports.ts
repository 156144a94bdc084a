import { readFileSync } from "node:fs";
import { decodeLogs, decodeTraces, type LogRecord, requestFromJson, type Span } from "@weir/otlp";

/** What a package exported, of a capture in `testdata/otel`. */
export interface CapturedExports {
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
}

/** Reads a capture as the receivers do. */
export function readCapture(path: string): CapturedExports {
  const { traces, logs } = JSON.parse(readFileSync(path, "utf8")) as { traces: unknown; logs?: unknown };
  return {
    spans: decodeTraces(requestFromJson("traces", Buffer.from(JSON.stringify(traces)))),
    logs: logs === undefined ? [] : decodeLogs(requestFromJson("logs", Buffer.from(JSON.stringify(logs)))),
  };
}
