import type { Bindings } from "./bindings.ts";
import { containsText } from "./contains-text.ts";

/** What narrows calls: within a field any value matches, the fields are joined by "and". */
export interface CallFilter {
  readonly model?: readonly string[] | undefined;
  readonly provider?: readonly string[] | undefined;
  readonly status?: readonly string[] | undefined;
  readonly kind?: readonly string[] | undefined;
  readonly source?: readonly string[] | undefined;
  readonly error_type?: readonly string[] | undefined;
  readonly user_id?: readonly string[] | undefined;
  readonly session_id?: readonly string[] | undefined;
  readonly api_key_id?: readonly string[] | undefined;
  readonly service_name?: readonly string[] | undefined;
  readonly environment?: readonly string[] | undefined;
  readonly prompt_name?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly trace_id?: string | undefined;
  readonly q?: string | undefined;
}

/** The model that answered, or, where none is known, the one asked for. */
export const spanModel = "if(response_model = '', request_model, response_model)";

/** Fields of a filter that are one value a row, and the expression that gives it in `spans`. */
const valueExpressions = {
  model: spanModel,
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
} as const;

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

/** The conditions of the filter on `spans`, without tenant and time. */
export function spanConditions(bindings: Bindings, filter: CallFilter): string[] {
  const conditions: string[] = [];
  for (const [field, expression] of Object.entries(valueExpressions)) {
    const values = filter[field as keyof typeof valueExpressions];
    if (values !== undefined) conditions.push(`${expression} IN ${bindings.bind("Array(String)", values)}`);
  }
  if (filter.tag !== undefined) conditions.push(`hasAny(tags, ${bindings.bind("Array(String)", filter.tag)})`);
  if (filter.trace_id !== undefined) conditions.push(`trace_id = ${bindings.traceId(filter.trace_id)}`);
  if (filter.q !== undefined) {
    conditions.push(
      containsText(bindings, filter.q, { content: ["input", "output"], plain: ["name", "error_message"] }),
    );
  }
  return conditions;
}

/** True when the rollups know every field that the filter names. */
export function isAnsweredByRollups(filter: CallFilter): boolean {
  const known = new Set<string>(rollupFields);
  return Object.entries(filter).every(([field, value]) => value === undefined || known.has(field));
}

/** The conditions of the filter on a rollup; only for a filter that `isAnsweredByRollups`. */
export function rollupConditions(bindings: Bindings, filter: CallFilter): string[] {
  return rollupFields.flatMap((field) => {
    const values = filter[field];
    return values === undefined ? [] : [`${field} IN ${bindings.bind("Array(String)", values)}`];
  });
}
