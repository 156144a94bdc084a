import { type Column, spanColumns } from "@weir/model/browser";

/** How values of a field are written and compared. */
export type FieldType =
  /** Compared whole; `*` stands for any text. */
  | "text"
  /** Searched by words and phrases. */
  | "content"
  /** Texts of which a row has any number. */
  | "list"
  | "count"
  /** Nanoseconds; written with a unit: `500ms`. */
  | "duration"
  /** Billionths of a US dollar; written in dollars under the short name. */
  | "money"
  | "bytes"
  | "flag"
  | "time"
  /** Hex digits, all of them. */
  | "id"
  /** Text that may also be compared as a number. */
  | "attribute";

/** Something that a filter can name. */
export interface Field {
  /** As rows and the AST spell it: the column's name, or `attributes.<key>`. */
  readonly name: string;
  /** As people write it; the text form is printed with it. */
  readonly short: string;
  readonly type: FieldType;
  readonly meaning: string;
  /** True where rows may not have a value: then no comparison holds. */
  readonly isNullable: boolean;
  /** Digits of an id. */
  readonly hexDigits?: number;
}

/** Shorter names, as people type them. */
const shortNames: Readonly<Record<string, string>> = {
  trace_id: "trace",
  span_id: "span",
  parent_span_id: "parent",
  is_entry: "entry",
  start_time: "time",
  duration_ns: "duration",
  service_name: "service",
  error_type: "error",
  is_stream: "stream",
  cost_nano_usd: "cost",
  cost_input_nano_usd: "cost_input",
  cost_output_nano_usd: "cost_output",
  cost_cache_read_nano_usd: "cost_cache_read",
  cost_cache_write_nano_usd: "cost_cache_write",
  ttfb_ns: "ttfb",
  ttft_ns: "ttft",
  gateway_ns: "gateway",
  inter_token_p50_ns: "inter_token_p50",
  inter_token_p95_ns: "inter_token_p95",
  inter_token_max_ns: "inter_token_max",
  user_id: "user",
  session_id: "session",
  tags: "tag",
  prompt_name: "prompt",
  api_key_id: "key",
  environment: "env",
  http_route: "route",
};

/** Further names that are understood. */
const otherNames: Readonly<Record<string, string>> = { latency: "duration_ns" };

/** Fields that no column holds. */
const derivedFields: readonly Field[] = [
  {
    name: "model",
    short: "model",
    type: "text",
    meaning: "The model that answered, or, where none is known, the one asked for.",
    isNullable: false,
  },
  {
    name: "total_tokens",
    short: "tokens",
    type: "count",
    meaning: "Input and output tokens together.",
    isNullable: true,
  },
  {
    name: "text",
    short: "text",
    type: "content",
    meaning: "Input, output, name and error message: where words and phrases without a field are searched.",
    isNullable: false,
  },
];

/** The tenant is never a matter of a filter; attributes are named one by one; previews are parts of the content. */
const leftOut = new Set(["project_id", "attributes", "input_preview", "output_preview"]);

/** Every field but attributes: the derived ones, then the columns in their order. */
export const queryFields: readonly Field[] = [
  ...derivedFields,
  ...Object.entries(spanColumns)
    .filter(([name]) => !leftOut.has(name))
    .map(([name, column]) => fieldOfColumn(name, column)),
];

const fieldsByName: ReadonlyMap<string, Field> = new Map([
  ...queryFields.flatMap((field): [string, Field][] => [
    [field.short, field],
    [field.name, field],
  ]),
  ...Object.entries(otherNames).flatMap(([other, name]): [string, Field][] => {
    const field = queryFields.find((one) => one.name === name);
    return field === undefined ? [] : [[other, field]];
  }),
]);

/** Every name that is understood, besides those of attributes. */
export const queryFieldNames: readonly string[] = [...fieldsByName.keys()];

/** The field of that name, long or short, whatever its case; `@key` and `attributes.key` are attributes. */
export function fieldNamed(name: string): Field | undefined {
  const key = /^(?:@|attributes\.)(.+)$/s.exec(name)?.[1];
  if (key === undefined) return fieldsByName.get(name.toLowerCase());
  const short = /^[A-Za-z_][\w./-]*$/.test(key) ? `@${key}` : `@"${key.replaceAll(/["\\]/g, "\\$&")}"`;
  return {
    name: `attributes.${key}`,
    short,
    type: "attribute",
    meaning: "An attribute.",
    isNullable: true,
  };
}

/** The key of an attribute's field; undefined for another field. */
export function attributeKey(fieldName: string): string | undefined {
  return fieldName.startsWith("attributes.") ? fieldName.slice("attributes.".length) : undefined;
}

function fieldOfColumn(name: string, column: Column): Field {
  const field = {
    name,
    short: shortNames[name] ?? name,
    type: typeOf(name, column.type),
    meaning: column.meaning,
    isNullable: column.type.startsWith("nullable_"),
  };
  const bytes = { hex16: 16, hex8: 8 }[column.type as string];
  return bytes === undefined ? field : { ...field, hexDigits: bytes * 2 };
}

function typeOf(name: string, type: Column["type"]): FieldType {
  if (type === "content" || name === "error_message") return "content";
  if (type === "string") return "text";
  if (type === "strings") return "list";
  if (type === "time_ns") return "time";
  if (type === "hex16" || type === "hex8") return "id";
  if (name.startsWith("is_")) return "flag";
  if (name.endsWith("_nano_usd")) return "money";
  if (name.endsWith("_ns")) return "duration";
  return name.endsWith("_bytes") ? "bytes" : "count";
}
