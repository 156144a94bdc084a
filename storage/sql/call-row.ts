import { daysOfClass, noSpanId } from "@weir/model";
import { rfc3339 } from "./instant.ts";

const listedColumns = [
  "project_id",
  "duration_ns",
  "name",
  "kind",
  "source",
  "operation",
  "service_name",
  "provider",
  "request_model",
  "response_model",
  "status",
  "http_status",
  "error_type",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "usage_source",
  "cost_nano_usd",
  "ttft_ns",
  "ttfb_ns",
  "finish_reason",
  "user_id",
  "session_id",
  "tags",
  "prompt_name",
  "prompt_version",
  "api_key_id",
  "environment",
  "input_preview",
  "output_preview",
] as const;

const furtherColumns = [
  "retention_days",
  "cache_write_1h_tokens",
  "input_audio_tokens",
  "output_audio_tokens",
  "cost_input_nano_usd",
  "cost_output_nano_usd",
  "cost_cache_read_nano_usd",
  "cost_cache_write_nano_usd",
  "price_version",
  "price_source",
  "price_rates",
  "gateway_ns",
  "inter_token_p50_ns",
  "inter_token_p95_ns",
  "inter_token_max_ns",
  "chunk_count",
  "request_bytes",
  "response_bytes",
  "response_id",
  "http_route",
  "attributes",
  "content_state",
] as const;

/** Ids as hex, times as text. The aliases differ from the columns, so that conditions still mean the columns. */
const identity = `lower(hex(trace_id)) AS trace_hex, lower(hex(span_id)) AS span_hex,
  lower(hex(parent_span_id)) AS parent_hex, is_entry, is_stream, toString(start_time) AS start_text,
  toString(addNanoseconds(start_time, duration_ns)) AS end_text,
  toString(toUnixTimestamp64Nano(start_time)) AS start_nano`;

/** What a list shows of a call; error messages are cut. */
export const summarySelection = `${identity}, ${listedColumns.join(", ")},
  leftUTF8(error_message, 300) AS error_text`;

/** Everything of a call but its content. Of traces with thousands of spans too. */
export const detailSelection = `${identity}, ${listedColumns.join(", ")}, ${furtherColumns.join(", ")},
  content_format, error_message AS error_text`;

type Text = (typeof textColumns)[number];
type Counted = (typeof countColumns)[number];
type Unknowable = (typeof unknowableColumns)[number];

const textColumns = [
  "project_id",
  "name",
  "kind",
  "source",
  "operation",
  "service_name",
  "provider",
  "request_model",
  "response_model",
  "status",
  "error_type",
  "usage_source",
  "finish_reason",
  "user_id",
  "session_id",
  "prompt_name",
  "prompt_version",
  "api_key_id",
  "environment",
  "input_preview",
  "output_preview",
] as const;
const countColumns = ["duration_ns"] as const;
const unknowableColumns = [
  "http_status",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cost_nano_usd",
  "ttft_ns",
  "ttfb_ns",
] as const;

/** A call as a list shows it, in the spelling of the API. */
export type CallSummaryRow = Record<Text, string> &
  Record<Counted, number> &
  Record<Unknowable, number | null> & {
    trace_id: string;
    span_id: string;
    parent_span_id: string | null;
    is_entry: boolean;
    is_stream: boolean;
    start_time: string;
    end_time: string;
    error_message: string;
    cost_usd: number | null;
    tags: string[];
  };

const furtherTexts = [
  "price_version",
  "price_source",
  "response_id",
  "http_route",
  "content_format",
  "content_state",
] as const;
const furtherCounts = ["retention_days", "request_bytes", "response_bytes"] as const;
const furtherUnknowables = [
  "cache_write_1h_tokens",
  "input_audio_tokens",
  "output_audio_tokens",
  "cost_input_nano_usd",
  "cost_output_nano_usd",
  "cost_cache_read_nano_usd",
  "cost_cache_write_nano_usd",
  "gateway_ns",
  "inter_token_p50_ns",
  "inter_token_p95_ns",
  "inter_token_max_ns",
  "chunk_count",
] as const;

/** Everything of a call but its content. */
export type CallDetailRow = CallSummaryRow &
  Record<(typeof furtherTexts)[number], string> &
  Record<(typeof furtherCounts)[number], number> &
  Record<(typeof furtherUnknowables)[number], number | null> & {
    price_rates: Record<string, number> | null;
    attributes: Record<string, string>;
  };

/** A row as ClickHouse gives it: 64-bit numbers may be texts. */
export type RawRow = Readonly<Record<string, unknown>>;

export function toCallSummary(row: RawRow): CallSummaryRow {
  return {
    ...pick(row, textColumns, String),
    ...pick(row, countColumns, Number),
    ...pick(row, unknowableColumns, numberOrUnknown),
    trace_id: String(row["trace_hex"]),
    span_id: String(row["span_hex"]),
    parent_span_id: row["parent_hex"] === noSpanId ? null : String(row["parent_hex"]),
    is_entry: row["is_entry"] === 1,
    is_stream: row["is_stream"] === 1,
    start_time: rfc3339(String(row["start_text"])),
    end_time: rfc3339(String(row["end_text"])),
    error_message: String(row["error_text"]),
    cost_usd: usd(numberOrUnknown(row["cost_nano_usd"])),
    tags: row["tags"] as string[],
  };
}

export function toCallDetail(row: RawRow): CallDetailRow {
  return {
    ...toCallSummary(row),
    ...pick(row, furtherTexts, String),
    ...pick(row, furtherCounts, Number),
    retention_days: daysOfClass(Number(row["retention_days"])),
    ...pick(row, furtherUnknowables, numberOrUnknown),
    price_rates: ratesOf(String(row["price_rates"])),
    attributes: row["attributes"] as Record<string, string>,
  };
}

export function numberOrUnknown(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

export function usd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}

function pick<Name extends string, Value>(row: RawRow, names: readonly Name[], read: (value: unknown) => Value) {
  return Object.fromEntries(names.map((name) => [name, read(row[name])])) as Record<Name, Value>;
}

function ratesOf(json: string): Record<string, number> | null {
  if (json === "") return null;
  try {
    const rates = Object.entries(JSON.parse(json) as object).filter(([, rate]) => typeof rate === "number");
    return Object.fromEntries(rates) as Record<string, number>;
  } catch {
    return null;
  }
}
