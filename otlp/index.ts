export type { AnyValue, Attributes, InstrumentationScope, Span, SpanEvent, SpanLink } from "./span.ts";
