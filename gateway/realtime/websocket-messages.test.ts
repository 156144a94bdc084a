import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CaptureBudget } from "../recording/capture.ts";
import { agreedInflaters, MessageInflater } from "./message-inflater.ts";
import { deflated, deflatedTogether, frameOf, textFrame } from "./testing.ts";
import { WebSocketMessages } from "./websocket-messages.ts";

interface Seen {
  readonly messages: Buffer[];
  readonly closeCodes: number[];
  readonly isDamaged: boolean;
  readonly skipped: number;
  readonly budget: CaptureBudget;
}

function read(chunks: readonly Buffer[], inflater?: MessageInflater, messageBytes = 1 << 20): Seen {
  const messages: Buffer[] = [];
  const closeCodes: number[] = [];
  const sink = { onMessage: (it: Buffer) => messages.push(it), onCloseFrame: (code: number) => closeCodes.push(code) };
  const budget = new CaptureBudget(8 << 20);
  const reader = new WebSocketMessages(sink, { messageBytes, budget }, inflater);
  for (const chunk of chunks) reader.push(chunk);
  const { isDamaged, skippedMessages } = reader;
  reader.release();
  return { messages, closeCodes, isDamaged, skipped: skippedMessages, budget };
}

function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const ends = [...new Set(offsets.map((it) => it % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const bytesOf = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ minLength: 65_530, maxLength: 65_540 }),
  fc.constant(new Uint8Array(126)),
);
const message = fc.record({
  payload: bytesOf.map((it) => Buffer.from(it)),
  opcode: fc.constantFrom(1, 2),
  cuts: fc.array(fc.nat(70_000), { maxLength: 3 }),
  isCompressed: fc.boolean(),
  mask: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }).map((it) => Buffer.from(it))),
  control: fc.option(fc.constantFrom(9, 10)),
});
type Message = typeof message extends fc.Arbitrary<infer Value> ? Value : never;

function framesOf(it: Message, payload: Buffer): Buffer {
  const mask = it.mask === null ? {} : { mask: it.mask };
  const parts = cut(payload, it.cuts);
  const frames = parts.map((part, index) =>
    frameOf({
      opcode: index === 0 ? it.opcode : 0,
      payload: part,
      isLast: index === parts.length - 1,
      isCompressed: it.isCompressed && index === 0,
      ...mask,
    }),
  );
  if (it.control === null) return Buffer.concat(frames);
  const control = frameOf({ opcode: it.control, payload: Buffer.from("beat"), ...mask });
  return Buffer.concat(frames.flatMap((frame) => [frame, control]));
}

test("messages come out as they went in: fragmented, masked, compressed, between pings, cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 6 }),
      fc.boolean(),
      fc.array(fc.nat(400_000), { maxLength: 20 }),
      async (messages, keepsContext, cuts) => {
        const compressed = messages.filter(({ isCompressed }) => isCompressed).map(({ payload }) => payload);
        const shrunk = keepsContext ? await deflatedTogether(compressed) : compressed.map(deflated);
        const bytes = messages.map((it) => framesOf(it, it.isCompressed ? (shrunk.shift() ?? it.payload) : it.payload));
        const end = frameOf({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) });
        const wire = Buffer.concat([...bytes, end]);
        const seen = read(cut(wire, cuts), new MessageInflater(keepsContext));
        assert.equal(seen.isDamaged, false);
        assert.deepEqual(
          seen.messages.map((it) => it.toString("hex")),
          messages.map(({ payload }) => payload.toString("hex")),
        );
        assert.deepEqual(seen.closeCodes, [1000]);
        assert.equal(seen.budget.usedBytes, 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("whatever comes, reading neither throws nor holds on to it", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), fc.boolean(), (chunks, deflates) => {
      const buffers = chunks.map((it) => Buffer.from(it));
      const seen = read(buffers, deflates ? new MessageInflater(true) : undefined, 1000);
      assert.equal(seen.budget.usedBytes, 0);
    }),
  );
});

for (const [name, bytes] of [
  ["a reserved bit", Buffer.from([0xa1, 0x00])],
  ["compression that was not agreed on", Buffer.from([0xc1, 0x00])],
  ["an unknown opcode", Buffer.from([0x83, 0x00])],
  ["a continuation of nothing", Buffer.from([0x80, 0x00])],
  ["a message within a message", Buffer.from([0x01, 0x00, 0x81, 0x00])],
  ["a ping in pieces", Buffer.from([0x09, 0x00])],
  ["a ping that is too long", Buffer.from([0x89, 126, 0, 126])],
  ["a length beyond all bounds", Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
] as const) {
  test(`${name} ends the reading`, () => {
    const seen = read([bytes, textFrame("later")]);
    assert.equal(seen.isDamaged, true);
    assert.deepEqual(seen.messages, []);
  });
}

test("too long a message is skipped, the next one is read", () => {
  const seen = read([textFrame("x".repeat(2000)), textFrame("next")], undefined, 1000);
  assert.deepEqual(seen.messages.map(String), ["next"]);
  assert.deepEqual([seen.skipped, seen.isDamaged], [1, false]);
});

test("a message that unpacks to too much ends the reading", () => {
  const payload = deflated(Buffer.alloc(1 << 20));
  const seen = read([frameOf({ opcode: 1, payload, isCompressed: true })], new MessageInflater(true), 100_000);
  assert.deepEqual([seen.messages.length, seen.isDamaged], [0, true]);
});

test("what an answer says of compression", () => {
  assert.deepEqual(agreedInflaters(""), {});
  assert.deepEqual(agreedInflaters("x-own"), {});
  const both = agreedInflaters("permessage-deflate");
  assert.deepEqual([both.up?.keepsContext, both.down?.keepsContext], [true, true]);
  const neither = agreedInflaters("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  assert.deepEqual([neither.up?.keepsContext, neither.down?.keepsContext], [false, false]);
});
