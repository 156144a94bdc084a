import { type Field, FilterError, fieldsBeginning, parseFilter, type Typing, typingAtEnd } from "@weir/query";
import type { FilterField } from "../../data/page-search.ts";
import { formatCount } from "../../design/format.ts";

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

/** Fields of the language whose values can be listed, and the field of the API that lists them. */
const listedFields: ReadonlyMap<string, FilterField> = new Map([
  ...(Object.keys(fieldNames) as FilterField[]).map((field) => [field as string, field] as const),
  ["tags", "tag"],
]);

/** The field whose values complete what is typed; undefined where they are not listed. */
export function listedField(typing: Typing): FilterField | undefined {
  return typing.of === "value" ? listedFields.get(typing.field.name) : undefined;
}

/** What keeps a line from being a filter. */
export interface LineProblem {
  readonly message: string;
  /** The line with what was probably meant in its place. */
  readonly corrected: string | undefined;
}

/** Undefined when the line is a filter. */
export function problemOf(line: string): LineProblem | undefined {
  try {
    parseFilter(line);
    return undefined;
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const { problem, position, length = 1, suggestion } = error;
    const message = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`;
    if (position === undefined || suggestion === undefined) return { message, corrected: undefined };
    return { message, corrected: line.slice(0, position) + suggestion + line.slice(position + length) };
  }
}

export interface Completion {
  readonly line: string;
  readonly word: string;
  readonly note: string;
  /** The line is whole with it: taking it applies the search. */
  readonly isWhole: boolean;
}

/** The fields of a list that has not all of them, by their long names, with what each means there in few words. */
export type ListFields = ReadonlyMap<string, string>;

/**
 * What may follow, best first. `values` are the known values of the field that is being typed, `fields` the fields to
 * choose from, with what they mean there: all where it is left out.
 */
export function completions(
  line: string,
  values: readonly { value: string; calls: number }[],
  fields?: ListFields,
): Completion[] {
  const typing = typingAtEnd(line);
  const before = line.slice(0, typing.at);
  if (typing.of === "field") {
    if (typing.typed === "" && line !== "") return [];
    const begun =
      fields === undefined
        ? fieldsBeginning(typing.typed)
        : fieldsBeginning(typing.typed, Number.POSITIVE_INFINITY).filter(({ name }) => fields.has(name));
    return begun.map((field) => {
      const word = `${field.short}${signAfter(field)}`;
      return { line: before + word, word, note: fields?.get(field.name) ?? shortened(field.meaning), isWhole: false };
    });
  }
  const typed = typing.typed.toLowerCase();
  return values
    .filter(({ value }) => value !== "" && value.toLowerCase().includes(typed))
    .slice(0, 8)
    .map(({ value, calls }) => ({
      line: `${before}${/^[\w./+-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`} `,
      word: value,
      note: formatCount(calls),
      isWhole: true,
    }));
}

/** Numbers are mostly asked to be above something. */
function signAfter({ type }: Field): string {
  return ["count", "duration", "money", "bytes", "time"].includes(type) ? ">" : ":";
}

function shortened(meaning: string): string {
  return meaning.split(/[;:(.]/, 1)[0]?.slice(0, 60) ?? "";
}
