import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { asCatalogError } from "./failures.ts";

function failureOf(work: () => void): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("it did not fail");
}

test("a SQLite file that finds no room is told as a full disk", () => {
  using database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE texts (text TEXT); PRAGMA max_page_count = 3");
  const thrown = failureOf(() => database.exec("INSERT INTO texts VALUES (zeroblob(100000))"));
  const { code, message } = asCatalogError(thrown);
  assert.deepEqual([code, message], ["CATALOG_UNAVAILABLE", "The disk of the catalog database is full."]);
});

for (const [name, fields, code, words] of [
  ["PostgreSQL's full disk", { code: "53100" }, "CATALOG_UNAVAILABLE", /is full/],
  ["SQLite's shared memory on a full disk", { errcode: 4874 }, "CATALOG_UNAVAILABLE", /is full/],
  ["a broken promise of uniqueness", { code: "23505" }, "CONFLICT", /exists already/],
  ["a parent that is missing", { errcode: 787 }, "NOT_FOUND", /does not exist/],
  ["a text with U+0000", { code: "22021" }, "BAD_REQUEST", /U\+0000/],
  ["anything else", { code: "ECONNRESET" }, "CATALOG_UNAVAILABLE", /does not answer/],
] as const)
  test(`${name}: ${code}, and nothing of the database's own words`, () => {
    const error = asCatalogError(Object.assign(new Error("INSERT INTO secrets"), fields));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /INSERT/);
  });
