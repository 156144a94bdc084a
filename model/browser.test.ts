import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Every module that is loaded with `file`, by its value imports. */
function loaded(file: string, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(file)) return seen;
  const source = readFileSync(file, "utf8");
  const imports = [...source.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from "([^"]+)"/gm)].map(
    (match) => match[1] ?? "",
  );
  seen.set(file, imports);
  for (const name of imports) if (name.startsWith(".")) loaded(resolve(dirname(file), name), seen);
  return seen;
}

test("what the UI imports loads nothing of Node's and no package", () => {
  const modules = loaded(fileURLToPath(new URL("./browser.ts", import.meta.url)));
  assert.ok(modules.size > 8);
  for (const [file, imports] of modules) {
    assert.deepEqual(
      imports.filter((name) => !name.startsWith(".")),
      [],
      file,
    );
  }
});
