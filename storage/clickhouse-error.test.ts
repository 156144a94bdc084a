import assert from "node:assert/strict";
import { test } from "node:test";
import { ClickHouseError } from "@clickhouse/client";
import { insertError, queryError, reasonOf } from "./clickhouse-error.ts";

const answered = (type: string, message = type) => new ClickHouseError({ message, code: "0", type });
const refusedConnection = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });

for (const [name, error, onInsert, onQuery] of [
  ["a refused connection", refusedConnection, "STORAGE_UNAVAILABLE", "STORAGE_UNAVAILABLE"],
  ["a client's time-out", new Error("Timeout error."), "STORAGE_UNAVAILABLE", "STORAGE_UNAVAILABLE"],
  ["too many parts", answered("TOO_MANY_PARTS"), "STORAGE_UNAVAILABLE", "STORAGE_REJECTED"],
  ["a full disk", answered("NOT_ENOUGH_SPACE"), "STORAGE_UNAVAILABLE", "STORAGE_REJECTED"],
  ["a missing table", answered("UNKNOWN_TABLE"), "STORAGE_UNAVAILABLE", "STORAGE_REJECTED"],
  ["a wrong password", answered("AUTHENTICATION_FAILED"), "STORAGE_UNAVAILABLE", "STORAGE_UNAVAILABLE"],
  ["memory of the query", answered("MEMORY_LIMIT_EXCEEDED", "(for query)"), "STORAGE_UNAVAILABLE", "QUERY_TOO_LARGE"],
  ["memory of all", answered("MEMORY_LIMIT_EXCEEDED", "(total) memory"), "STORAGE_UNAVAILABLE", "STORAGE_UNAVAILABLE"],
  ["too large a result", answered("TOO_MANY_ROWS_OR_BYTES"), "STORAGE_UNAVAILABLE", "QUERY_TOO_LARGE"],
  ["a slow query", answered("TIMEOUT_EXCEEDED"), "STORAGE_UNAVAILABLE", "QUERY_TIMEOUT"],
  ["a wrong type", answered("TYPE_MISMATCH"), "STORAGE_REJECTED", "STORAGE_REJECTED"],
  ["a cut block", answered("CANNOT_READ_ALL_DATA"), "STORAGE_REJECTED", "STORAGE_REJECTED"],
  ["something unheard of", answered("BRAND_NEW"), "STORAGE_UNAVAILABLE", "STORAGE_REJECTED"],
] as const)
  test(`${name} is ${onInsert} of an insert, ${onQuery} of a query`, () => {
    assert.equal(insertError(error).code, onInsert);
    assert.equal(queryError(error).code, onQuery);
    assert.equal(insertError(error).cause, error);
  });

test("what kept ClickHouse from answering has a name, or none came", () => {
  assert.equal(reasonOf(refusedConnection), "ECONNREFUSED");
  assert.equal(reasonOf(answered("AUTHENTICATION_FAILED")), "AUTHENTICATION_FAILED");
  assert.equal(reasonOf(new DOMException("The operation was aborted.", "TimeoutError")), "no answer");
  assert.equal(reasonOf(null), "no answer");
});
