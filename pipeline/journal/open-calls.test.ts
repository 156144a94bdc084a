import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProjectId, newSpanRow } from "@weir/model";
import type { OpenCall } from "../consumer.ts";
import {
  encodeFrame,
  type Frame,
  type FrameContent,
  openKind,
  readFrames,
  rowsKind,
  sealFrame,
  snapshotKind,
} from "./frame.ts";
import { segmentKey } from "./layout.ts";
import { encodeOpen, encodeSnapshot, openCallsAfter, previousEnd } from "./open-calls.ts";

const key = segmentKey("incarnation", 1);

function framesOf(contents: readonly FrameContent[]): readonly Frame[] {
  const encoded = contents.map((content) => encodeFrame(content, 0));
  for (const frame of encoded) sealFrame(frame, key);
  return readFrames(Buffer.concat(encoded.flatMap(({ head, body }) => [head, body])), 0, key).frames;
}

const call = (callNumber: number): OpenCall => ({ callNumber, row: newSpanRow(defaultProjectId, "gateway", 5n) });
const open = (...numbers: number[]): FrameContent => ({ kind: openKind, body: encodeOpen(numbers.map(call)) });
const snapshot = (...numbers: number[]): FrameContent => ({
  kind: snapshotKind,
  body: encodeSnapshot({ segment: 3, end: 77 }, numbers.map(call)),
});
const closes = (...numbers: number[]): FrameContent => ({ kind: rowsKind, closes: numbers, body: Buffer.alloc(0) });

for (const [what, contents, wanted] of [
  ["nothing", [], []],
  ["announcements", [open(2, 1), open(3)], [1, 2, 3]],
  ["announcements and closes", [open(1, 2, 3), closes(2), open(4)], [1, 3, 4]],
  ["a close without an announcement", [closes(9), open(1)], [1]],
  ["an announcement that a snapshot repeats", [snapshot(1), open(1), closes(1)], []],
  ["a snapshot, which says everything", [open(1, 2), snapshot(2), open(3)], [2, 3]],
  ["a body that is no JSON", [open(1), { kind: openKind, body: Buffer.from("{") }, open(2)], [1, 2]],
  ["a body that is other JSON", [open(1), { kind: openKind, body: Buffer.from('{"calls":[5]}') }], [1]],
] as const) {
  test(`open after ${what}`, () => {
    assert.deepEqual(
      openCallsAfter(framesOf(contents)).map(({ callNumber }) => callNumber),
      wanted,
    );
  });
}

test("a row comes back as it was announced", () => {
  const attributes = { $bigint: "7", start_time: "x", quote: '"\n' };
  const row = { ...call(1).row, start_time: 2n ** 62n, attributes, input: "ü😀", cost_nano_usd: null };
  const bytes = { ...row, input: Buffer.from("ü😀") };
  const frames = framesOf([{ kind: openKind, body: encodeOpen([{ callNumber: 1, row: bytes }]) }]);
  assert.deepEqual(openCallsAfter(frames), [{ callNumber: 1, row }]);
});

test("a row of an older version gets the columns that it lacks", () => {
  const { tags, ...older } = call(1).row;
  const body = Buffer.from(JSON.stringify({ calls: [{ callNumber: 1, row: { ...older, start_time: "5" } }] }));
  assert.deepEqual(openCallsAfter(framesOf([{ kind: openKind, body }]))[0]?.row, { ...older, tags });
});

test("a snapshot says where the segment before it ends", () => {
  const [first, second] = framesOf([snapshot(1), open(1)]);
  assert.deepEqual(
    [previousEnd(first), previousEnd(second), previousEnd(undefined)],
    [{ segment: 3, end: 77 }, undefined, undefined],
  );
});
