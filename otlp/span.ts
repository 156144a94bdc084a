/**
 * A span of OTLP as plain values: what slow paths, tests and oracles work on. Field names follow the JSON form of
 * opentelemetry-proto 1.11 (`opentelemetry/proto/trace/v1/trace.proto`).
 */

/** An `AnyValue`. Integers beyond 2^53 are bigint, an empty value is null. */
export type AnyValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | null
  | readonly AnyValue[]
  | { readonly [key: string]: AnyValue };

/** Of several attributes of one key the last holds. */
export type Attributes = Readonly<Record<string, AnyValue>>;

export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Attributes;
}

export interface SpanLink {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly attributes: Attributes;
}

export interface InstrumentationScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
}

export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits; empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** The W3C trace flags, and whether the parent is remote (bits 8 and 9). */
  readonly flags: number;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly scope: InstrumentationScope;
  /** The attributes of the resource: `service.name` and what else describes the sender. */
  readonly resource: Attributes;
}
