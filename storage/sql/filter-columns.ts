import { queryFields } from "@weir/query";

/** Where a table keeps what a filter names. */
export interface FilterColumns {
  readonly hasAttributes: boolean;
  /** The SQL expression of a field, by its long name; undefined where the table does not have it. */
  expression(field: string): string | undefined;
  /** The columns in which words of a field are looked for; undefined for a field without words. */
  searched(field: string): SearchedColumns | undefined;
}

export interface SearchedColumns {
  /** Columns of provider JSON or text: searched through `searchableText`, which the text indexes are on. */
  readonly content: readonly string[];
  readonly plain: readonly string[];
}

/** The model that answered, or, where none is known, the one asked for. */
export const spanModel = "if(response_model = '', request_model, response_model)";

const derived = new Map([
  ["model", spanModel],
  // The days of a row's class.
  ["retention_days", "retention_days % 10000"],
  [
    "total_tokens",
    "if(isNull(input_tokens) AND isNull(output_tokens), NULL, toUInt64(ifNull(input_tokens, 0)) + ifNull(output_tokens, 0))",
  ],
]);

const searchedOfSpans = new Map<string, SearchedColumns>([
  ["text", { content: ["input", "output"], plain: ["name", "error_message"] }],
  ["input", { content: ["input"], plain: [] }],
  ["output", { content: ["output"], plain: [] }],
  ["error_message", { content: [], plain: ["error_message"] }],
]);

const columnNames = new Set(queryFields.map(({ name }) => name));

/** `spans` has every field. */
export const spanColumnsOfFilter: FilterColumns = {
  hasAttributes: true,
  expression: (field) => derived.get(field) ?? (columnNames.has(field) ? field : undefined),
  searched: (field) => searchedOfSpans.get(field),
};

const traceColumns = new Set([
  ...["trace_id", "span_id", "parent_span_id", "start_time", "duration_ns", "name", "kind", "source", "operation"],
  ...[
    "service_name",
    "provider",
    "request_model",
    "response_model",
    "status",
    "http_status",
    "error_type",
    "is_stream",
  ],
  ...["ttft_ns", "user_id", "session_id", "tags", "prompt_name", "api_key_id", "environment"],
]);

/** `traces` has the entry span's own fields, and previews instead of content. */
export const traceColumnsOfFilter: FilterColumns = {
  hasAttributes: false,
  expression: (field) => (field === "model" ? spanModel : traceColumns.has(field) ? field : undefined),
  searched: (field) =>
    field === "text" ? { content: [], plain: ["name", "input_preview", "output_preview"] } : undefined,
};

const logColumns = new Map([
  ["start_time", "time"],
  ...["trace_id", "span_id", "service_name", "environment"].map((name) => [name, name] as const),
]);

/** `logs` has a sender, a trace, attributes and a text of its own. */
export const logColumnsOfFilter: FilterColumns = {
  hasAttributes: true,
  expression: (field) => logColumns.get(field),
  searched: (field) => (field === "text" ? { content: ["body"], plain: [] } : undefined),
};

const metricColumns = new Map([
  ["name", "metric_name"],
  ["service_name", "service_name"],
  ["environment", "environment"],
]);

/** `metric_points` and its rollups have a name, a sender and the attributes of a series. */
export const metricColumnsOfFilter: FilterColumns = {
  hasAttributes: true,
  expression: (field) => metricColumns.get(field),
  searched: (field) => (field === "text" ? { content: [], plain: ["metric_name"] } : undefined),
};

/** The fields that the rollups are keyed by. */
export const rollupFields = [
  "model",
  "provider",
  "kind",
  "source",
  "api_key_id",
  "service_name",
  "environment",
] as const;

/** `usage_1m`, `usage_1h` and `usage_1d` have their keys alone. */
export const rollupColumnsOfFilter = columnsOfKey(rollupFields);

/** The fields that the rollup of users is keyed by. */
export const userRollupFields = ["user_id", "model", "provider", "kind"] as const;

/** `usage_user_1d` has its keys alone. */
export const userRollupColumnsOfFilter = columnsOfKey(userRollupFields);

/** `usage_user_total_1d` has a row a user and day, of the kinds that are billed. */
export const userTotalFields = ["user_id"] as const;

/** `usage_user_total_1d` has its key alone. */
export const userTotalColumnsOfFilter = columnsOfKey(userTotalFields);

/** A rollup knows the fields of its key and nothing else. */
function columnsOfKey(fields: readonly string[]): FilterColumns {
  const known = new Set(fields);
  return {
    hasAttributes: false,
    expression: (field) => (known.has(field) ? field : undefined),
    searched: () => undefined,
  };
}
