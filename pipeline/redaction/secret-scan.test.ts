import assert from "node:assert/strict";
import { test } from "node:test";
import { secretSet } from "./detectors/index.ts";
import { examples, secretsAlone } from "./testing/examples.ts";

/** What the strides may meet before and behind a secret: spaces, letters of other scripts, words, no spaces at all. */
const fillings = [" ", "é", "漢", "a b ", "to be or ", "longer words here, and so on. ", ",", "\n"];

test("a secret is found wherever it stands, whatever stands around it", () => {
  for (const { name } of secretSet) {
    const [before, secret, behind] = examples[name] ?? ["", "", ""];
    for (const filling of fillings) {
      for (let length = 0; length < 26; length++) {
        const filler = filling.repeat(26).slice(0, length);
        const separator = /[A-Za-z0-9]$/.test(filler) ? " " : "";
        const text = `${filler}${separator}${before}${secret}${behind} ${filler}`;
        const found = new Map<string, number>();
        secretsAlone.redactText(text, found);
        assert.deepEqual([...found.keys()], [name], text);
      }
    }
  }
});
