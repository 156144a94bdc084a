import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

test("the language can be read in a browser: it imports nothing but what is made for one", () => {
  const files = globSync("*.ts", { cwd: import.meta.dirname }).filter((name) => !name.includes("test"));
  assert.ok(files.length > 8);
  for (const file of files) {
    const source = readFileSync(join(import.meta.dirname, file), "utf8");
    const names = [...source.matchAll(/ from "([^"]+)"/g)].map((match) => match[1] ?? "");
    const strangers = names.filter((name) => !name.startsWith("./") && name !== "@weir/model/browser");
    assert.deepEqual(strangers, [], file);
  }
});
