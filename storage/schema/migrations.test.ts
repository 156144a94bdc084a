import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readMigrations } from "./migrations.ts";

const directories: string[] = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))));

async function folderWith(...files: string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "weir-migrations-"));
  directories.push(directory);
  for (const file of files) await writeFile(join(directory, file), `-- ${file}`);
  return directory;
}

test("migrations are read in order", async () => {
  const found = readMigrations(await folderWith("0004_b.sql", "0001_a.sql", "notes.md"));
  assert.deepEqual(
    found.map(({ number, name, template }) => ({ number, name, template })),
    [
      { number: 1, name: "a", template: "-- 0001_a.sql" },
      { number: 4, name: "b", template: "-- 0004_b.sql" },
    ],
  );
  assert.notEqual(found[0]?.checksum, found[1]?.checksum);
});

for (const [problem, ...files] of [
  ["a number taken twice", "0001_a.sql", "0001_b.sql"],
  ["a name of another form", "0001-a.sql"],
] as const)
  test(`${problem} is a mistake`, async () => {
    const directory = await folderWith(...files);
    assert.throws(() => readMigrations(directory), /is no migration of its own/);
  });
