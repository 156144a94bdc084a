import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestWord } from "./nearest-word.ts";

const words = ["port", "host", "workers", "providers", "WEIR_DATA_DIR"];
for (const [written, wanted] of [
  ["prot", "port"],
  ["hosts", "host"],
  ["worker", "workers"],
  ["WEIR_DATADIR", "WEIR_DATA_DIR"],
  ["telepathy", undefined],
] as const) {
  test(`${written} is probably ${wanted}`, () => assert.equal(nearestWord(written, words), wanted));
}
