import assert from "node:assert/strict";
import { test } from "node:test";
import { idsIn } from "./ids-in.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const call = "00f067aa0ba902b7";

for (const [text, want] of [
  ["", []],
  ["refund policy", []],
  [call, [`call ${call}`]],
  [call.toUpperCase(), [`call ${call}`]],
  [`00-${trace}-${call}-01`, [`trace ${trace}`, `call ${call}`]],
  ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736", [`trace ${trace}`]],
  [`${trace}0`, []],
] as const) {
  test(`ids in ${text || "nothing"}`, () =>
    assert.deepEqual(
      idsIn(text).map(({ kind, id }) => `${kind} ${id}`),
      want,
    ));
}
