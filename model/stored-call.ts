import type { SpanRow } from "./columns.ts";

/** A billed call that storage has, as far as it tells whether another record is of it too. Times in ms since 1970. */
export type StoredCall = Pick<
  SpanRow,
  | "project_id"
  | "trace_id"
  | "span_id"
  | "parent_span_id"
  | "kind"
  | "source"
  | "status"
  | "request_model"
  | "response_id"
  | "input_tokens"
  | "output_tokens"
> & { readonly start_ms: number; readonly end_ms: number };
