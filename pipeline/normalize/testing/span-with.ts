import { projectId, type SpanRow } from "@weir/model";
import type { Attributes, Span } from "@weir/otlp";
import { normalizeSpan } from "../normalize-span.ts";

/** A root span of a second with the given attributes, and whatever else differs. */
export function spanWith(attributes: Attributes, more: Partial<Span> = {}): Span {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: "",
    traceState: "",
    flags: 0,
    name: "span",
    kind: 1,
    startTimeUnixNano: 1_763_700_000_000_000_000n,
    endTimeUnixNano: 1_763_700_001_000_000_000n,
    attributes,
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: "",
    scope: { name: "", version: "", attributes: {} },
    resource: {},
    ...more,
  };
}

/** The row of such a span. */
export function rowWith(attributes: Attributes, more: Partial<Span> = {}): SpanRow {
  return normalizeSpan(spanWith(attributes, more), { projectId: projectId("tests") });
}
