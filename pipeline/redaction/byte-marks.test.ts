import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteMarks } from "./byte-marks.ts";
import { leastRun } from "./detectors/secrets.ts";

const marks = new ByteMarks();
const isToken = (letter: string | undefined) => letter !== undefined && /[\w+/-]/.test(letter);
const isAlphanumeric = (letter: string | undefined) => letter !== undefined && /[A-Za-z0-9]/.test(letter);

/** All that a question has for an answer, asked again from behind each. */
function all(from: number, to: number, next: (from: number, to: number) => number): number[] {
  const places: number[] = [];
  for (let place = next(from, to); place >= 0; place = next(place + 1, to)) places.push(place);
  return places;
}

function placesWhere(from: number, to: number, isSought: (place: number) => boolean): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index).filter(isSought);
}

/** Of all bytes, so that no class is forgotten, and of those that make runs and numbers. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 90, unit: fc.constantFrom(..."aZ09_-+/") }).map((text) => Buffer.from(text)),
  fc.string({ maxLength: 30, unit: fc.constantFrom(...'aZ09: \\"') }).map((text) => Buffer.from(text)),
  fc.constantFrom(..."aZ09_-+/".split("").map((letter) => Buffer.from(letter.repeat(leastRun)))),
);
const anyBytes = fc.array(piece, { maxLength: 8 }).map((parts) => Buffer.concat(parts));

test("runs, their ends and words are where a look at each byte finds them", () => {
  fc.assert(
    fc.property(anyBytes, fc.nat(40), fc.nat(40), (bytes, less, fewer) => {
      const text = bytes.toString("latin1");
      const from = Math.min(less, text.length);
      const to = Math.max(from, text.length - fewer);
      marks.take(bytes, 0, bytes.length, false);
      assert.deepEqual(
        all(from, to, (at, end) => marks.nextRun(at, end)),
        placesWhere(from, to - leastRun + 1, (place) => /^[\w+/-]*$/.test(text.slice(place, place + leastRun))),
      );
      assert.deepEqual(
        all(from, to, (at, end) => marks.nextWordStart(at, end)),
        placesWhere(from, to, (place) => isToken(text[place]) && !isAlphanumeric(text[place - 1])),
      );
      for (let place = from; place < to; place++) {
        let end = place;
        while (end < to && isToken(text[end])) end++;
        assert.equal(marks.runEnd(place, to), end);
      }
    }),
  );
});

/** Whether a digit, or a colon, may be the first that shows of a number. */
function mayBeginNumber(text: string, place: number): boolean {
  const before = text[place - 1];
  const next = text[place + 1];
  if (text[place] === ":") return isAlphanumeric(before) && (isAlphanumeric(next) || next === ":");
  if (!/\d/.test(text[place] ?? "") || /\d/.test(before ?? "")) return false;
  return (
    !isAlphanumeric(before) || /\d/.test(next ?? "") || text.slice(Math.max(0, place - 6), place - 1).includes("\\")
  );
}

test("numbers are where a look at each byte finds them", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = bytes.toString("latin1");
      marks.take(bytes, 0, bytes.length, true);
      assert.deepEqual(
        all(0, text.length, (from, to) => marks.nextNumber(from, to)),
        placesWhere(0, text.length, (place) => mayBeginNumber(text, place)),
      );
    }),
    { numRuns: 500 },
  );
});

test("what stands across the border of windows is found, and what is asked for again behind it", () => {
  const border = 256 << 10;
  const size = border * 2 + 100;
  for (let offset = -40; offset < 40; offset++) {
    const bytes = Buffer.alloc(size, " ");
    const place = border + offset;
    bytes.write(`${"a".repeat(leastRun)} 1234`, place);
    marks.take(bytes, 0, size, true);
    for (let times = 0; times < 2; times++) {
      assert.equal(marks.nextRun(0, size), place);
      assert.equal(marks.runEnd(place, size), place + leastRun);
      assert.equal(marks.nextNumber(0, size), place + leastRun + 1);
      assert.equal(marks.nextNumber(place + leastRun + 2, size), -1);
    }
  }
});
