import type { Span, SpanEvent } from "@weir/otlp";
import { attributeText, jsonOf } from "./attribute-value.ts";
import { isContentEvent } from "./dialects/gen-ai-events.ts";

/**
 * Of a resource, what tells which process sent a span. `service.name` and the environment have columns; the rest
 * repeats with every span of a process and tells little.
 */
const resourceKeys = [
  "service.namespace",
  "service.version",
  "service.instance.id",
  "telemetry.sdk.language",
  "telemetry.sdk.name",
  "telemetry.sdk.version",
  "host.name",
  "container.id",
  "k8s.namespace.name",
  "k8s.pod.name",
  "cloud.region",
];

/** Vectors are not kept: they are large, and no one reads them. */
const vectors = /^(?:embedding\.embeddings\.\d+\.embedding\.vector|ai\.embeddings?)(?:\.|$)/;

/** Events beyond these are dropped: a stream may have one a token. */
const mostEvents = 32;
const mostLinks = 32;

/**
 * The map of attributes: those of the span as they were sent, but for content that a column holds; then scope, resource,
 * other events (`otel.events`) and links (`otel.links`). What a span says wins over its resource.
 */
export function keptAttributes(span: Span, inColumns: ReadonlySet<string>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const key of Object.keys(span.attributes)) {
    const value = span.attributes[key];
    if (value === undefined || inColumns.has(key) || vectors.test(key)) continue;
    kept[key] = attributeText(value);
  }
  if (span.scope.name !== "") kept["otel.scope.name"] ??= span.scope.name;
  if (span.scope.version !== "") kept["otel.scope.version"] ??= span.scope.version;
  for (const [key, value] of Object.entries(span.scope.attributes)) {
    // Langfuse names the account's key.
    if (key !== "public_key" && !Object.hasOwn(kept, key)) kept[key] = attributeText(value);
  }
  for (const key of resourceKeys) {
    const value = span.resource[key];
    if (value !== undefined) kept[key] ??= attributeText(value);
  }
  addEventsAndLinks(kept, span);
  return kept;
}

function addEventsAndLinks(kept: Record<string, string>, { events, links }: Span): void {
  const others = events.filter((event) => !isContentEvent(event.name) && !isChunk(event)).slice(0, mostEvents);
  if (others.length > 0) {
    kept["otel.events"] = jsonOf(
      others.map(({ name, timeUnixNano, attributes }) => ({ name, time_unix_nano: `${timeUnixNano}`, attributes })),
    );
  }
  if (links.length > 0) {
    kept["otel.links"] = jsonOf(
      links.slice(0, mostLinks).map(({ traceId, spanId }) => ({ trace_id: traceId, span_id: spanId })),
    );
  }
}

/** Marks of a stream's progress, which only the first of tells anything: when it came. */
function isChunk({ name }: SpanEvent): boolean {
  return /chunk|token stream/i.test(name);
}
