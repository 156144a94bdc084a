import { type CallFilters, type FilterField, filterFields } from "../../data/page-search.ts";
import { formatCount } from "../../design/format.ts";

/** Shorter words for fields, as people type them. */
const aliases: Readonly<Record<string, FilterField>> = {
  user: "user_id",
  session: "session_id",
  service: "service_name",
  env: "environment",
  error: "error_type",
};

export const fieldNames: Readonly<Record<FilterField, string>> = {
  status: "Status",
  model: "Model",
  provider: "Provider",
  user_id: "User",
  session_id: "Session",
  error_type: "Error type",
  service_name: "Service",
  environment: "Environment",
  kind: "Kind",
  tag: "Tag",
};

function fieldOf(word: string): FilterField | undefined {
  const lower = word.toLowerCase();
  return aliases[lower] ?? filterFields.find((field) => field === lower);
}

const words = /(\w+):(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g;

/** Reads `status:error user:"ada l" refund policy` into filters and free text. An unknown field is text. */
export function parseSearchLine(line: string): CallFilters {
  const filters: CallFilters = {};
  const text: string[] = [];
  for (const [whole, field, quoted, value, quotedText, plain] of line.matchAll(words)) {
    const known = field === undefined ? undefined : fieldOf(field);
    if (known === undefined) text.push(quotedText ?? plain ?? whole);
    else filters[known] = [...(filters[known] ?? []), quoted ?? value ?? ""];
  }
  if (text.length > 0) filters.q = text.join(" ");
  return filters;
}

/** Adds what the line says to the filters that hold already. */
export function mergeFilters(current: CallFilters, added: CallFilters): CallFilters {
  const merged: CallFilters = { ...current, q: added.q };
  for (const field of filterFields) {
    const values = added[field];
    if (values !== undefined) merged[field] = [...new Set([...(current[field] ?? []), ...values])];
  }
  return merged;
}

/** What is being typed at the end of the line: a field's name, or a value of a field. */
export type Completing =
  | { readonly of: "field"; readonly typed: string; readonly at: number }
  | { readonly of: "value"; readonly field: FilterField; readonly typed: string; readonly at: number };

export function completingAt(line: string): Completing {
  const at = line.lastIndexOf(" ") + 1;
  const word = line.slice(at);
  const colon = word.indexOf(":");
  const field = colon < 0 ? undefined : fieldOf(word.slice(0, colon));
  if (field === undefined) return { of: "field", typed: word, at };
  return { of: "value", field, typed: word.slice(colon + 1).replaceAll('"', ""), at };
}

export interface Completion {
  readonly line: string;
  readonly word: string;
  readonly note: string;
  /** The line is whole with it: taking it applies the search. */
  readonly isWhole: boolean;
}

/** What may follow, best first. `values` are the known values of the field that is being typed. */
export function completions(
  line: string,
  values: readonly { value: string; calls: number }[],
  fields: readonly FilterField[] = filterFields,
): Completion[] {
  const typing = completingAt(line);
  const before = line.slice(0, typing.at);
  const typed = typing.typed.toLowerCase();
  if (typing.of === "field") {
    if (typed === "" && line !== "") return [];
    return fields
      .filter((field) => field.startsWith(typed) || fieldNames[field].toLowerCase().startsWith(typed))
      .map((field) => ({ line: `${before}${field}:`, word: `${field}:`, note: fieldNames[field], isWhole: false }));
  }
  return values
    .filter(({ value }) => value !== "" && value.toLowerCase().includes(typed))
    .slice(0, 8)
    .map(({ value, calls }) => ({
      line: `${before}${typing.field}:${value.includes(" ") ? `"${value}"` : value} `,
      word: value,
      note: formatCount(calls),
      isWhole: true,
    }));
}
