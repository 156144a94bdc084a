import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import wabt from "wabt";

const source = new URL("./byte-marks.wat", import.meta.url);
const compiled = new URL("./byte-marks.wasm", import.meta.url);

test("byte-marks.wasm is what byte-marks.wat says", async () => {
  const { parseWat } = await wabt();
  const { buffer } = parseWat("byte-marks.wat", readFileSync(source, "utf8"), { simd: true }).toBinary({});
  if (process.env["UPDATE_WASM"] === "1") writeFileSync(compiled, buffer);
  assert.deepEqual(readFileSync(compiled), Buffer.from(buffer), "UPDATE_WASM=1 writes it again");
});
