import assert from "node:assert/strict";
import { test } from "node:test";
import { readCallsSearch, readLogsSearch, readPageSearch, readTracesSearch, toggleFilter } from "./page-search.ts";
import { parseSearch, stringifySearch } from "./url-search.ts";

for (const query of [
  "",
  "?q=refund+policy",
  "?model=gpt-5&model=o3&from=2026-11-20T00:00:00.000Z",
  "?user_id=123&model=meta-llama/llama-3",
]) {
  test(`a query survives reading and writing: ${query || "none"}`, () =>
    assert.equal(stringifySearch(parseSearch(query)), query));
}

test("what is undefined or empty is not written", () =>
  assert.equal(stringifySearch({ a: undefined, b: "", c: ["x", undefined], d: null }), "?c=x"));

test("filters are lists, even with one value", () => {
  const search = readCallsSearch(parseSearch("?status=error&call=00f067aa0ba902b7&junk=1"));
  assert.deepEqual(search.status, ["error"]);
  assert.equal(search.call, "00f067aa0ba902b7");
  assert.ok(!("junk" in search));
});

test("the search line is the filter; older links have a text", () => {
  assert.equal(readCallsSearch(parseSearch("?filter=cost>0.01+x&q=y")).filter, "cost>0.01 x");
  assert.equal(readTracesSearch(parseSearch("?q=refund+policy")).filter, "*refund\\ policy*");
  assert.equal(readCallsSearch(parseSearch("?model=a")).filter, undefined);
});

test("live is on unless it is off", () => {
  assert.equal(readPageSearch({}).live, undefined);
  assert.equal(readPageSearch({ live: "off" }).live, "off");
  assert.equal(readPageSearch({ live: "maybe" }).live, undefined);
});

test("toggling a filter", () => {
  assert.deepEqual(toggleFilter(undefined, "a"), ["a"]);
  assert.deepEqual(toggleFilter(["a"], "b"), ["a", "b"]);
  assert.deepEqual(toggleFilter(["a", "b"], "a"), ["b"]);
  assert.equal(toggleFilter(["a"], "a"), undefined);
});

test("logs have a filter, a least severity and an open record; an unknown severity is none", () => {
  assert.deepEqual(readLogsSearch(parseSearch("?filter=service:shop&severity=warn&log=1-2&junk=1")), {
    filter: "service:shop",
    severity: "warn",
    log: "1-2",
  });
  assert.deepEqual(readLogsSearch(parseSearch("?severity=loud")), {});
});
