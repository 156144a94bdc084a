import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configReference } from "./config-reference.ts";
import { weirConfig } from "./config-schema.ts";
import { settingsOf } from "./config-settings.ts";

test("docs/configuration.md says what the schema says", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "docs", "configuration.md"), "utf8");
  assert.equal(page, configReference(), "run: npm run --silent weir -- config reference > docs/configuration.md");
});

test("no two settings share a variable", () => {
  const variables = settingsOf(weirConfig).flatMap(({ variable }) => variable ?? []);
  assert.equal(new Set(variables).size, variables.length);
});
