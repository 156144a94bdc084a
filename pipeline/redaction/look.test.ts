import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodedVaruint } from "../blocks/block-edits.ts";
import type { TextPlaces } from "../blocks/block-layout.ts";
import { everything, examples, secretsAlone } from "./testing/examples.ts";

const secrets = Object.values(examples).map((parts) => parts.join(""));

/** Texts one behind the other, each with its length before it, as a block has them. */
function laidOut(texts: readonly string[]): { bytes: Buffer; places: TextPlaces } {
  const parts: Buffer[] = [];
  const from: number[] = [];
  const to: number[] = [];
  let end = 0;
  for (const text of texts.map((it) => Buffer.from(it))) {
    const length = encodedVaruint(text.length);
    parts.push(length, text);
    from.push(end + length.length);
    end += length.length + text.length;
    to.push(end);
  }
  return { bytes: Buffer.concat(parts), places: { from: Uint32Array.from(from), to: Uint32Array.from(to) } };
}

const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("", "stop", "opentelemetry.instrumentation.openai", "gpt-4o-mini-2026-08-01"),
  },
  // Lengths among them are such that they look like a token's byte themselves.
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9_/+-]{0,70}$/) },
  { weight: 2, arbitrary: fc.lorem({ maxCount: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom(...secrets, "https://shop:hunter2@db/orders", "mail anna@example.org") },
);

for (const [what, redactor] of Object.entries({ secrets: secretsAlone, "secrets and personal data": everything })) {
  test(`texts one behind the other are looked into as each alone: ${what}`, () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), fc.boolean(), (distinct, isIdentifier) => {
        const texts = [...distinct, ...distinct];
        const { bytes, places } = laidOut(texts);
        const alone = texts.some((it) => {
          const own = Buffer.from(it);
          return redactor.lookInto(own).concerns(0, own.length, isIdentifier);
        });
        assert.equal(redactor.lookInto(bytes).concernsAny(places, isIdentifier), alone);
      }),
      { numRuns: 300 },
    );
  });
}

test("each secret is seen behind texts of every length", () => {
  for (const secret of secrets) {
    const own = Buffer.from(secret);
    if (!secretsAlone.lookInto(own).concerns(0, own.length, false)) continue;
    for (let length = 0; length < 40; length++) {
      const { bytes, places } = laidOut(["a".repeat(length), "clean", secret, "b".repeat(length)]);
      assert.ok(secretsAlone.lookInto(bytes).concernsAny(places, false), `${secret} behind ${length}`);
    }
  }
});
