import { allOf, conditionsOf, containing, type Filter, fieldNamed, oneOf, parseFilter } from "@weir/query";

/** Fields of a query string that narrow by a field's values, and the field. */
const fields = {
  model: "model",
  provider: "provider",
  status: "status",
  kind: "kind",
  source: "source",
  error_type: "error_type",
  user_id: "user_id",
  session_id: "session_id",
  api_key_id: "api_key_id",
  service_name: "service_name",
  environment: "environment",
  prompt_name: "prompt_name",
  name: "name",
  tag: "tags",
} as const;

export type FilterQuery = { readonly [Name in keyof typeof fields]?: readonly string[] | undefined } & {
  readonly trace_id?: string | undefined;
  readonly q?: string | undefined;
  readonly filter?: string | undefined;
};

/** What the fields of a checked query string narrow, without `filter`. */
export function fieldFilterOf(query: FilterQuery): Filter {
  const parts = Object.entries(fields).flatMap(([name, field]) => {
    const values = query[name as keyof typeof fields];
    return values === undefined ? [] : [oneOf(field, values)];
  });
  if (query.trace_id !== undefined) parts.push(oneOf("trace_id", [query.trace_id.toLowerCase()]));
  if (query.q !== undefined) parts.push(containing("text", query.q));
  return allOf(parts);
}

/** The filter in text form of a query string. Throws FILTER_INVALID. */
export function textFilterOf({ filter = "" }: FilterQuery): Filter {
  return parseFilter(filter);
}

/** All that a query string narrows: its fields and its `filter`. Throws FILTER_INVALID. */
export function filterOf(query: FilterQuery): Filter {
  return allOf([fieldFilterOf(query), textFilterOf(query)]);
}

/** Whether a filter looks into what was captured: texts, errors' words, attributes. Throws FILTER_INVALID. */
export function looksIntoContent(query: FilterQuery): boolean {
  return conditionsOf(filterOf(query)).some(({ field }) => {
    const type = fieldNamed(field)?.type;
    return type === "content" || type === "attribute";
  });
}
