import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { operatorsOf } from "./condition.ts";
import { queryFields } from "./fields.ts";
import { aggregationLimits, filterLimits, parseFilter } from "./index.ts";

const page = new URL("../docs/query-language.md", import.meta.url);
const begin = "<!-- fields: UPDATE_DOCS=1 node --test query/documentation.test.ts -->";
const end = "<!-- end of fields -->";

function fieldTable(): string {
  const rows = queryFields.map((field) => {
    const names = field.short === field.name ? `\`${field.name}\`` : `\`${field.short}\`, \`${field.name}\``;
    const meaning = field.meaning.replaceAll("|", "\\|");
    return `| ${names} | ${field.type} | ${operatorsOf(field).join(" ")} | ${meaning} |`;
  });
  return `${begin}\n| Field | Type | Operators | Meaning |\n|---|---|---|---|\n${rows.join("\n")}\n${end}`;
}

test("docs/query-language.md lists exactly the fields of the language", () => {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(begin);
  const after = rest.split(end)[1] ?? "";
  const wanted = `${before}${fieldTable()}${after}`;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, wanted);
  assert.equal(readFileSync(page, "utf8"), wanted);
});

test("every example of the page is a filter, and its limits are the limits", () => {
  const text = readFileSync(page, "utf8");
  const examples = [...text.matchAll(/^\| `([^`]+)` \|[^|]*\|$/gm)].map((match) => match[1] ?? "");
  assert.ok(examples.length > 20);
  for (const example of examples) assert.doesNotThrow(() => parseFilter(example.replaceAll("\\|", "|")), example);
  for (const limit of [filterLimits.textLength, filterLimits.depth, filterLimits.conditions, aggregationLimits.rows])
    assert.ok(text.includes(limit.toLocaleString("en-US")), String(limit));
});
