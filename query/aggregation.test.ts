import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkAggregation, FilterError, measureName } from "./index.ts";

test("an aggregation is read", () => {
  const read = checkAggregation({
    filter: "status:error",
    select: ["count()", "P95(duration)", "uniq(user)", "sum(cost)", "avg(@n)"],
    group_by: ["model", "@customer.tier", "model"],
    bucket_seconds: 60,
    having: [{ measure: "count()", op: ">", value: 10 }],
    order_by: ["time", "-count()", "model"],
    limit: 5,
  });
  assert.deepEqual(read, {
    filter: { field: "status", op: "eq", value: "error" },
    measures: [
      { fn: "count" },
      { fn: "p95", field: "duration_ns" },
      { fn: "uniq", field: "user_id" },
      { fn: "sum", field: "cost_nano_usd" },
      { fn: "avg", field: "attributes.n" },
    ],
    groupBy: ["model", "attributes.customer.tier"],
    bucketSeconds: 60,
    having: [{ measure: { fn: "count" }, op: "gt", value: 10 }],
    orderBy: [
      { by: "time", direction: "asc" },
      { by: { fn: "count" }, direction: "desc" },
      { by: "model", direction: "asc" },
    ],
    limit: 5,
  });
  assert.deepEqual(read.measures.map(measureName), [
    "count()",
    "p95(duration_ns)",
    "uniq(user_id)",
    "sum(cost_nano_usd)",
    "avg(attributes.n)",
  ]);
});

const wrong: [unknown, string, RegExp][] = [
  [[], "", /an object/],
  [{}, "select", /must be a list/],
  [{ select: [] }, "select", /at least one/],
  [{ select: ["count"] }, "select[0]", /must be a measure/],
  [{ select: ["median(cost)"] }, "select[0]", /no function median/],
  [{ select: ["count(cost)"] }, "select[0]", /has no field/],
  [{ select: ["sum(model)"] }, "select[0]", /of a number/],
  [{ select: ["uniq(input)"] }, "select[0]", /cannot be counted/],
  [{ select: ["sum(costt)"] }, "select[0]", /no field/],
  [{ select: ["count()"], group_by: ["input"] }, "group_by[0]", /not grouped by/],
  [{ select: ["count()"], bucket_seconds: 0.5 }, "bucket_seconds", /whole number/],
  [{ select: ["count()"], limit: 1e9 }, "limit", /whole number/],
  [{ select: ["count()"], order_by: ["model"] }, "order_by[0]", /group_by or a measure/],
  [{ select: ["count()"], having: [{ measure: "count()", op: "~", value: 1 }] }, "having[0].op", /one of/],
  [{ select: ["count()"], filter: { field: "x" } }, "filter.field", /no field/],
  [{ select: ["count()"], gruop_by: [] }, "gruop_by", /no such key/],
];
describe("a wrong aggregation says where and what", () => {
  for (const [json, path, problem] of wrong) {
    test(JSON.stringify(json), () => {
      assert.throws(
        () => checkAggregation(json),
        (error) => {
          assert.ok(error instanceof FilterError);
          assert.equal(error.details?.[0]?.path, path);
          assert.match(error.problem, problem);
          return true;
        },
      );
    });
  }
});
