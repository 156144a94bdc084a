import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mappingPage } from "./mapping-page.ts";

const path = join(import.meta.dirname, "../../docs/otel-mapping.md");

test("docs/otel-mapping.md is what the table says (UPDATE_DOCS=1 writes it)", () => {
  if (process.env["UPDATE_DOCS"]) writeFileSync(path, mappingPage());
  assert.equal(readFileSync(path, "utf8"), mappingPage());
});
