import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteMarks } from "./byte-marks.ts";
import type { Match } from "./detectors/detector.ts";
import { personalDetectors } from "./detectors/personal.ts";
import { PersonalScan } from "./personal-scan.ts";
import { matchesAtEveryPlace } from "./testing/every-place.ts";
import { examples } from "./testing/examples.ts";

const marks = new ByteMarks();
const scan = new PersonalScan(personalDetectors, new Set());
const samples = personalDetectors.map(({ name }) => (examples[name] ?? []).join(""));

function matchesIn(bytes: Buffer, from = 0, to = bytes.length): Match[] {
  const matches: Match[] = [];
  marks.take(bytes, 0, bytes.length, true);
  scan.scan(marks, bytes, from, to, (match) => {
    matches.push(match);
    return false;
  });
  return matches;
}

const letters = [..."0123456789012345678901234567890123456789ABCDEXYZabcdefnu:::....   --/()+\\\"'@gGNIFPT"];
const piece = fc.oneof(
  fc.constantFrom(...samples),
  fc.constantFrom(...samples).chain((sample) => fc.nat(sample.length).map((length) => sample.slice(0, length))),
  fc.constantFrom(...samples).chain((sample) => fc.nat(sample.length).map((start) => sample.slice(start))),
  fc.string({ maxLength: 24, unit: fc.constantFrom(...letters) }),
  fc.string({ maxLength: 20, unit: fc.constantFrom(..."0123456789") }),
  fc.constantFrom("\\u0022", "\\u00e9", "\\n", "\\f", "\\", "AB ", "X-", "GB33", "::", "1:2:", "ab:", "é", "+1", "("),
);

test("what is passed over is what no detector matches at any place", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (parts) => {
      const bytes = Buffer.from(parts.join(""));
      assert.deepEqual(matchesIn(bytes), matchesAtEveryPlace(personalDetectors, bytes));
    }),
    { numRuns: 3000 },
  );
});

test("what stands outside of a value does not count, wherever the value begins", () => {
  for (const sample of samples) {
    for (let offset = 0; offset < 20; offset++) {
      const bytes = Buffer.from(`${"7".repeat(offset)}${sample}7`);
      const found = matchesIn(bytes, offset, bytes.length - 1);
      const alone = matchesIn(Buffer.from(sample));
      assert.deepEqual(
        found,
        alone.map(({ from, to, name }) => ({ from: from + offset, to: to + offset, name })),
        sample,
      );
    }
  }
});
