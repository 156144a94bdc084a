import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkFilter, type Filter, FilterError } from "./index.ts";

const cases: [string, unknown, Filter][] = [
  ["a text", "model:gpt-4o", { field: "model", op: "eq", value: "gpt-4o" }],
  ["a condition", { field: "model", op: "eq", value: "gpt-4o" }, { field: "model", op: "eq", value: "gpt-4o" }],
  ["no operator", { field: "user", value: "ada" }, { field: "user_id", op: "eq", value: "ada" }],
  ["a list", { field: "user", value: ["a", "b"] }, { field: "user_id", op: "in", value: ["a", "b"] }],
  ["a sign", { field: "cost", op: ">", value: 0.01 }, { field: "cost_nano_usd", op: "gt", value: 1e7 }],
  ["a unit", { field: "ttft", op: "lt", value: "500ms" }, { field: "ttft_ns", op: "lt", value: 5e8 }],
  ["the column's unit", { field: "ttft_ns", op: "lt", value: 5 }, { field: "ttft_ns", op: "lt", value: 5 }],
  ["not equal", { field: "status", op: "!=", value: "ok" }, { not: { field: "status", op: "eq", value: "ok" } }],
  ["a flag", { field: "stream", value: true }, { field: "is_stream", op: "eq", value: true }],
  ["existence", { field: "@a", op: "exists" }, { field: "attributes.a", op: "exists" }],
  ["words", { field: "text", value: "refund policy" }, { field: "text", op: "has", value: "refund policy" }],
  ["a pattern", { field: "name", op: "like", value: "a**b" }, { field: "name", op: "like", value: "a*b" }],
  [
    "a pattern without a star",
    { field: "name", op: "like", value: "a\\*b" },
    { field: "name", op: "eq", value: "a*b" },
  ],
  ["a number in an attribute", { field: "@n", op: "gte", value: 3 }, { field: "attributes.n", op: "gte", value: 3 }],
  [
    "groups, with texts among them",
    { and: ["a", { or: [{ field: "kind", value: "llm" }, "b c"] }, { not: { and: ["d"] } }] },
    {
      and: [
        { field: "text", op: "has", value: "a" },
        {
          or: [
            { field: "kind", op: "eq", value: "llm" },
            {
              and: [
                { field: "text", op: "has", value: "b" },
                { field: "text", op: "has", value: "c" },
              ],
            },
          ],
        },
        { not: { field: "text", op: "has", value: "d" } },
      ],
    },
  ],
  ["nothing", { and: [] }, { and: [] }],
];
describe("JSON is read", () => {
  for (const [name, json, tree] of cases) test(name, () => assert.deepEqual(checkFilter(json), tree));
});

const nested = (depth: number): unknown => (depth === 0 ? "a b" : { not: { and: ["x", nested(depth - 1)] } });
const wrong: [unknown, string, RegExp, string?][] = [
  [null, "filter", /text or an object/],
  [7, "filter", /text or an object/],
  [{}, "filter.field", /name of a field/],
  [{ field: "mdoel", value: 1 }, "filter.field", /no field/, "model"],
  [{ and: [{ field: "model", vlaue: 1 }] }, "filter.and[0].vlaue", /no such key/, "value"],
  [{ and: [], or: [] }, "filter.or", /beside and/],
  [{ or: [] }, "filter.or", /at least one/],
  [{ and: "x" }, "filter.and", /must be a list/],
  [{ not: { or: ["model:"] } }, "filter.not.or[0]", /has no value/],
  [{ field: "model", op: "gt", value: "a" }, "filter.op", /compared with :/],
  [{ field: "model", op: "constructor", value: "a" }, "filter.op", /must be one of/],
  [{ field: "model", value: { a: 1 } }, "filter.value", /text, a number/],
  [{ field: "model", value: [] }, "filter.value", /list of 1 to 100/],
  [{ field: "cost", op: "between", value: [1] }, "filter.value", /list of 2/],
  [{ field: "http_status", value: [429, "many"] }, "filter.value[1]", /is a number/],
  [{ field: "input", op: "has", value: " " }, "filter.value", /no text/],
  [{ field: "user", op: "exists", value: 1 }, "filter.value", /no value/],
  [{ field: "text", op: "like", value: "*" }, "filter.value", /looks for nothing/],
  [nested(12), "filter", /deep/],
  [{ and: Array.from({ length: 60 }, () => "a b") }, "filter", /at most 100/],
];
describe("wrong JSON says where and what", () => {
  for (const [json, path, problem, suggestion] of wrong) {
    test(JSON.stringify(json).slice(0, 60), () => {
      assert.throws(
        () => checkFilter(json),
        (error) => {
          assert.ok(error instanceof FilterError, String(error));
          const [detail] = error.details ?? [];
          if (!/deep/.test(problem.source)) assert.equal(detail?.path, path, error.message);
          assert.match(error.problem, problem);
          assert.equal(error.suggestion, suggestion);
          return true;
        },
      );
    });
  }
});
