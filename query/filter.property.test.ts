import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { conditionsOf, depthOf } from "./filter.ts";
import {
  checkAggregation,
  checkFilter,
  FilterError,
  filterLimits,
  parseFilter,
  printFilter,
  typingAtEnd,
} from "./index.ts";
import { filters } from "./testing.ts";

const small = filters.filter(
  (filter) =>
    conditionsOf(filter).length <= filterLimits.conditions &&
    depthOf(filter) < filterLimits.depth &&
    printFilter(filter).length <= filterLimits.textLength,
);

test("what is printed is read as the same filter", () => {
  fc.assert(
    fc.property(small, (filter) => {
      const printed = printFilter(filter);
      assert.deepEqual(parseFilter(printed), filter, printed);
      assert.equal(printFilter(parseFilter(printed)), printed);
    }),
    { numRuns: 3000 },
  );
});

test("a tree is its own JSON form", () => {
  fc.assert(
    fc.property(small, (filter) => assert.deepEqual(checkFilter(JSON.parse(JSON.stringify(filter))), filter)),
    { numRuns: 2000 },
  );
});

/** Runs, and lets nothing but the one error out. */
function onlyFilterErrors(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    assert.ok(error.problem !== "");
    if (error.position !== undefined) assert.ok(error.position >= 0, String(error.position));
  }
}

const fragments = [
  "model",
  "cost",
  "duration",
  "@a",
  '@"',
  "input",
  ":",
  ">",
  "..",
  "(",
  ")",
  ",",
  '"',
  "\\",
  "*",
  "-",
  "!",
  " ",
  "or",
  "not ",
  "1",
  "5ms",
  "\u{1f600}",
  "\0",
  "é",
];
const noise = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ maxLength: 300, unit: "binary" }),
  fc.array(fc.constantFrom(...fragments), { maxLength: 200 }).map((parts) => parts.join("")),
);

test("any text is read or refused by FilterError, with a position in it", () => {
  fc.assert(
    fc.property(noise, (text) => {
      onlyFilterErrors(() => {
        const filter = parseFilter(text);
        const printed = printFilter(filter);
        if (printed.length <= filterLimits.textLength) assert.deepEqual(parseFilter(printed), filter, printed);
      });
      typingAtEnd(text);
    }),
    { numRuns: 5000 },
  );
});

test("a filter that lost or changed a character is read or refused", () => {
  fc.assert(
    fc.property(small, fc.nat(), fc.constantFrom("", ...fragments), (filter, at, put) => {
      const printed = printFilter(filter);
      const place = printed.length === 0 ? 0 : at % printed.length;
      onlyFilterErrors(() => parseFilter(printed.slice(0, place) + put + printed.slice(place + 1)));
    }),
    { numRuns: 3000 },
  );
});

test("any JSON is read or refused by FilterError", () => {
  const keys = fc.constantFrom(
    "and",
    "or",
    "not",
    "field",
    "op",
    "value",
    "select",
    "group_by",
    "having",
    "order_by",
    "limit",
    "__proto__",
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom("model", "cost", "eq", "gt", "in", "count()", "p95(duration)", 5, true, null),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(keys, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (json) => {
      onlyFilterErrors(() => checkFilter(json));
      onlyFilterErrors(() => checkAggregation(json));
    }),
    { numRuns: 5000 },
  );
});

test("the longest hostile texts are refused or read", () => {
  for (const piece of ["(", "-", '"', "\\", "a ", "not ", "@a", "a:", "*", "..", "model:(", "a,", '@"\\'])
    onlyFilterErrors(() => parseFilter(piece.repeat(Math.floor(filterLimits.textLength / piece.length))));
});
