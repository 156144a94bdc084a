import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultProjectId, newSpanRow } from "@weir/model";
import fc from "fast-check";
import { createBlockWriter } from "../blocks/block-writer.ts";
import { encodeFrame, type Frame, headerLength, openKind, readFrames, rowsKind, sealFrame } from "./frame.ts";
import { segmentKey } from "./layout.ts";

const key = segmentKey("incarnation", 1);

/** A segment of 64 KiB and more: several frames with bodies of unlike lengths, some with closes. */
function longSegment(): Buffer {
  const frames = Array.from({ length: 24 }, (_, index) => {
    const body = Buffer.alloc(index * 260, `frame ${index} `);
    const closes = Array.from({ length: index % 3 }, (_none, close) => index * 10 + close);
    return encodeFrame({ kind: rowsKind, table: "spans", rowCount: index + 1, closes, body }, 1000 + index);
  });
  for (const frame of frames) sealFrame(frame, key);
  return Buffer.concat(frames.flatMap(({ head, body }) => [head, body]));
}

const segment = longSegment();
const whole = readFrames(segment, 0, key);

/** What a frame says, without the views. */
const said = ({ kind, table, rowCount, closes, timeMs, start, end, body }: Frame) =>
  JSON.stringify([kind, table, rowCount, closes, timeMs, start, end, body.length, body.toString("latin1", 0, 20)]);

test("frames are read as they were written", () => {
  assert.ok(segment.length > 64 << 10);
  assert.deepEqual([whole.frames.length, whole.gaps, whole.end, whole.rest], [24, [], segment.length, "nothing"]);
  const third = whole.frames[5];
  assert.deepEqual(
    [third?.table, third?.rowCount, third?.closes, third?.timeMs, third?.body.toString("latin1", 0, 8)],
    ["spans", 6, [50, 51], 1005, "frame 5 "],
  );
});

test("a segment cut at any byte gives exactly the frames that end before the cut", () => {
  const ends = whole.frames.map(({ end }) => end);
  for (let cut = 0; cut <= segment.length; cut++) {
    const read = readFrames(segment.subarray(0, cut), 0, key);
    const wanted = ends.filter((end) => end <= cut).length;
    if (read.frames.length !== wanted || read.gaps.length > 0 || read.end !== (ends[wanted - 1] ?? 0)) {
      assert.fail(`cut at ${cut}: ${read.frames.length} frames up to ${read.end}, ${wanted} wanted`);
    }
  }
});

test("flipped bytes cost the frames that they are in and no others", () => {
  const original = whole.frames.map(said);
  const flips = fc.array(fc.record({ at: fc.nat(segment.length - 1), by: fc.integer({ min: 1, max: 255 }) }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(flips, (changes) => {
      const damaged = Buffer.from(segment);
      for (const { at, by } of changes) damaged.writeUInt8(damaged.readUInt8(at) ^ by, at);
      const touched = (frame: Frame) =>
        !segment.subarray(frame.start, frame.end).equals(damaged.subarray(frame.start, frame.end));
      const wanted = whole.frames.filter((frame) => !touched(frame)).map(said);
      const read = readFrames(damaged, 0, key);
      assert.deepEqual(read.frames.map(said), wanted);
      assert.ok(read.frames.map(said).every((frame) => original.includes(frame)));
    }),
    { numRuns: 300 },
  );
});

test("any bytes are read without an exception, and nothing is made of them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(100), (bytes, at) => {
      const magic = Buffer.alloc(4);
      magic.writeUInt32LE(key.magic);
      const prefixed = Buffer.concat([Buffer.alloc(at), magic, bytes]);
      assert.deepEqual(readFrames(prefixed, 0, key).frames, []);
    }),
  );
});

test("a frame inside of a prompt is never taken for one, nor a frame of another segment", () => {
  const writer = createBlockWriter("spans");
  const planted = encodeFrame({ kind: rowsKind, table: "spans", rowCount: 1, body: Buffer.from("planted") }, 0);
  sealFrame(planted, segmentKey("another", 1));
  writer.append({ ...newSpanRow(defaultProjectId, "rest", 0n), input: Buffer.concat([planted.head, planted.body]) });
  const { block } = writer.finish();
  const outer = encodeFrame({ kind: rowsKind, table: "spans", rowCount: 1, body: block }, 0);
  sealFrame(outer, key);
  outer.head.writeUInt8(9, headerLength - 1);
  assert.deepEqual(readFrames(Buffer.concat([outer.head, outer.body]), 0, key).frames, []);
  assert.deepEqual(readFrames(segment, 0, segmentKey("incarnation", 2)).frames, []);
});

test("a frame of an unknown kind or table is read with what is known of it", () => {
  const frame = encodeFrame({ kind: openKind, body: Buffer.from("{}") }, 5);
  frame.head.writeUInt8(99, 12);
  frame.head.writeUInt8(200, 13);
  sealFrame(frame, key);
  const [read] = readFrames(Buffer.concat([frame.head, frame.body]), 0, key).frames;
  assert.deepEqual([read?.kind, read?.table, read?.timeMs], [99, undefined, 5]);
});

test("tables keep their numbers and version: journals of older versions are read", () => {
  const written = (["spans", "logs", "metric_points"] as const).map((table) => {
    const { head } = encodeFrame({ kind: rowsKind, table, rowCount: 1, body: Buffer.alloc(0) }, 0);
    return [table, head.readUInt8(13), head.readUInt16LE(14)];
  });
  assert.deepEqual(written, [
    ["spans", 1, 1],
    ["logs", 2, 1],
    ["metric_points", 3, 1],
  ]);
});
