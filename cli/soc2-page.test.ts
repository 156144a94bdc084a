import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs", "soc2.md"), "utf8");
const quoted = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);

test("what docs/soc2.md names as evidence is there", () => {
  const paths = quoted.filter((text) => /^(api|e2e|deploy|docs|tools)\/[\w./-]+$/.test(text));
  assert.ok(paths.length > 5);
  const links = [...page.matchAll(/\]\(([\w-]+\.md)/g)].map(([, name = ""]) => `docs/${name}`);
  assert.deepEqual(
    [...paths, ...links].filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test("the actions that it names are those that the audit log has", () => {
  const actions = quoted.filter((text) => /^[a-z_]+\.[a-z_]+$/.test(text) && !/\.(json|jsonl|md)$/.test(text));
  assert.ok(actions.length > 8);
  const sources = globSync(["api/**/*.ts", "catalog/**/*.ts"], { cwd: root })
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  assert.deepEqual(
    actions.filter((action) => !sources.includes(`"${action}"`)),
    [],
  );
});
