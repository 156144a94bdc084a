import type { SpanRow } from "@weir/model";
import type { Span } from "@weir/otlp";
import { markDuplicates } from "./duplicates.ts";
import { type NormalizeContext, normalizeSpan } from "./normalize-span.ts";

/**
 * The rows of the spans of one export, in their order. Spans that tell of one call are found as far as both are in it,
 * so that the call is counted once. Never throws.
 */
export function normalizeSpans(spans: readonly Span[], context: NormalizeContext): SpanRow[] {
  const rows = spans.map((span) => normalizeSpan(span, context));
  markDuplicates(rows);
  return rows;
}
