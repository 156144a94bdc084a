import { type ContentPreview, contentPreview } from "@weir/model";
import type { RawRow } from "./call-row.ts";

/**
 * Columns of rows that have content_format, input and output: what `previewOf` reads, about so many bytes of each side:
 * the answer's beginning; of what was asked the end, where the last question is, and a little of the beginning, where it
 * is when an image follows it. Content is not parsed in ClickHouse: analysing the expressions for it took longer than
 * all the rest of a list's statement, and so does every function that is added here.
 */
export function previewSource(bytes: number): string {
  const head = bytes / 4;
  return `content_format, left(output, ${bytes}) AS output_part,
  if(length(input) <= ${bytes}, input, concat(left(input, ${head}), right(input, ${bytes - head}))) AS input_part`;
}

/** The preview of a row that has these columns. */
export function previewOf(row: RawRow): ContentPreview {
  return contentPreview({
    content_format: String(row["content_format"]),
    input: String(row["input_part"]),
    output: String(row["output_part"]),
  });
}
