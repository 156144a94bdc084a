import { searchableText } from "../schema/render.ts";
import type { Bindings } from "./bindings.ts";

export interface SearchedColumns {
  /** Columns of provider JSON or text: searched through `searchableText`, which the text indexes are on. */
  readonly content: readonly string[];
  readonly plain: readonly string[];
}

/** A condition that holds where any of the columns contains the text, whatever the case of ASCII letters. */
export function containsText(bindings: Bindings, text: string, columns: SearchedColumns): string {
  const patterns = contentForms(text).map((form) => bindings.bind("String", likePattern(form)));
  const plain = bindings.bind("String", likePattern(lowerAscii(text)));
  const conditions = [
    ...columns.content.flatMap((column) => patterns.map((pattern) => `${searchableText(column)} LIKE ${pattern}`)),
    ...columns.plain.map((column) => `lower(${column}) LIKE ${plain}`),
  ];
  return `(${conditions.join(" OR ")})`;
}

/** The text as it may stand in content: as it is, and as JSON would escape it. White space is one space there. */
function contentForms(text: string): string[] {
  const spaced = lowerAscii(text).replaceAll(/\s/g, " ");
  const escaped = JSON.stringify(spaced).slice(1, -1);
  return escaped === spaced ? [spaced] : [spaced, escaped];
}

/** As `lower` of ClickHouse does it: letters beyond ASCII stay. */
function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function likePattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
