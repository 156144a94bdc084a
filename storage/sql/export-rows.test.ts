import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Column, tableColumns } from "@weir/model";

const page = new URL("../../docs/project-export.md", import.meta.url);
const begin = "<!-- columns: UPDATE_DOCS=1 node --test storage/sql/export-rows.test.ts -->";
const end = "<!-- end of columns -->";

/** What a column of each type is in an exported row. */
const jsonForms: Record<Column["type"], string> = {
  ...{ string: "text", content: "text", hex16: "32 hex digits", hex8: "16 hex digits", time_ns: "time" },
  ...{ uint8: "number", uint16: "number", uint32: "number", uint64: "number", int32: "number", float64: "number" },
  ...{ nullable_uint16: "number or null", nullable_uint32: "number or null", nullable_uint64: "number or null" },
  ...{ nullable_int64: "number or null", nullable_float64: "number or null" },
  ...{ strings: "list of texts", uint64s: "list of numbers", float64s: "list of numbers", times_ns: "list of times" },
  ...{ hex16s: "list of 32 hex digits", hex8s: "list of 16 hex digits", string_map: "object of texts" },
};

function columnTables(): string {
  const tables = Object.entries(tableColumns).map(([table, columns]) => {
    const rows = Object.entries<Column>(columns).map(
      ([name, { type, meaning }]) => `| \`${name}\` | ${jsonForms[type]} | ${meaning.replaceAll("|", "\\|")} |`,
    );
    return `### \`${table}\`\n| Field | Form | Meaning |\n|---|---|---|\n${rows.join("\n")}`;
  });
  return `${begin}\n${tables.join("\n\n")}\n${end}`;
}

test("docs/project-export.md lists exactly the fields of the exported rows", () => {
  const [before = "", rest = ""] = readFileSync(page, "utf8").split(begin);
  const wanted = `${before}${columnTables()}${rest.split(end)[1] ?? ""}`;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, wanted);
  assert.equal(readFileSync(page, "utf8"), wanted);
});
