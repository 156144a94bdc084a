import type { AnyValue, Attributes, InstrumentationScope } from "./span.ts";

/** A log record of OTLP as plain values, after `opentelemetry/proto/logs/v1/logs.proto`. */
export interface LogRecord {
  /** 0 when the sender does not know it; then `observedTimeUnixNano` holds. */
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  /** 1 to 24 (trace, debug, info, warn, error, fatal: four each), 0 unspecified. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AnyValue;
  readonly attributes: Attributes;
  /** The W3C trace flags. */
  readonly flags: number;
  /** 32 lower-case hex digits, or empty. */
  readonly traceId: string;
  /** 16 lower-case hex digits, or empty. */
  readonly spanId: string;
  readonly eventName: string;
  readonly scope: InstrumentationScope;
  readonly resource: Attributes;
}
