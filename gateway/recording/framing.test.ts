import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, constants, crc32, gzipSync } from "node:zlib";
import fc from "fast-check";
import { apiOf } from "../providers/index.ts";
import { encodeAwsEvent } from "./aws-event-frames.ts";
import { CaptureBudget } from "./capture.ts";
import { framingOf, openFramer, type StreamFraming } from "./framing.ts";
import { ResponseObserver } from "./observe.ts";

interface Read {
  readonly events: readonly (readonly [type: string, data: string])[];
  readonly skipped: number;
  readonly isDamaged: boolean;
}

function read(framing: StreamFraming, chunks: readonly Buffer[], limit = 1 << 20): Read {
  const events: [string, string][] = [];
  const sink = {
    onEvent: (data: Buffer, start: number, end: number, type: string) => {
      events.push([type, data.toString("utf8", start, end)]);
    },
  };
  const framer = openFramer(framing, sink, limit);
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return { events, skipped: framer.skippedEvents, isDamaged: framer.isDamaged };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((offset) => offset % (bytes.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...ends, bytes.length];
  // Copies: a framer that read beyond its chunk would be found out.
  return bounds.slice(1).map((end, index) => Buffer.from(bytes.subarray(bounds[index], end)));
}

const member = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.integer(),
  fc.constant(null),
  fc.constant(["]}", { "{": "\\" }]),
);
const values = fc.array(fc.dictionary(fc.string({ maxLength: 4 }), member, { maxKeys: 4 }), { maxLength: 5 });
const cuts = fc.array(fc.nat(), { maxLength: 30 });

/** How a list of objects is written in each framing. */
const writers: Readonly<Record<StreamFraming, (objects: readonly unknown[]) => Buffer>> = {
  events: (objects) => Buffer.from(objects.map((object) => `data: ${JSON.stringify(object)}\n\n`).join("")),
  lines: (objects) => Buffer.from(objects.map((object) => `${JSON.stringify(object)}\r\n`).join("\n")),
  array: (objects) => Buffer.from(`[${objects.map((object) => JSON.stringify(object, null, 1)).join("\r\n,\r\n")}\n]`),
  aws: (objects) => {
    return Buffer.concat(
      objects.map((object) =>
        encodeAwsEvent({ ":event-type": "chunk", odd: "é" }, Buffer.from(JSON.stringify(object))),
      ),
    );
  },
};

for (const [framing, write] of Object.entries(writers) as [StreamFraming, (typeof writers)["aws"]][]) {
  test(`${framing}: every object comes out, wherever the bytes were cut`, () => {
    fc.assert(
      fc.property(values, cuts, (objects, at) => {
        const { events, isDamaged } = read(framing, cut(write(objects), at));
        assert.deepEqual(
          events.map(([, data]) => JSON.parse(data)),
          JSON.parse(JSON.stringify(objects)),
        );
        assert.equal(isDamaged, false);
      }),
    );
  });

  test(`${framing}: any bytes at all are survived, and mean the same however they are cut`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), values, cuts, (noise, objects, at) => {
        const bytes = Buffer.concat([write(objects), noise, write(objects)]);
        assert.deepEqual(read(framing, cut(bytes, at)), read(framing, [bytes]));
      }),
    );
  });

  test(`${framing}: an object that would have to be held over the limit is skipped, and the next one read`, () => {
    const bytes = write([{ a: "x".repeat(500) }, { b: 1 }]);
    const chunks = [...bytes].map((byte) => Buffer.of(byte));
    const { events, skipped } = read(framing, chunks, 300);
    assert.deepEqual(
      events.map(([, data]) => JSON.parse(data)),
      [{ b: 1 }],
    );
    assert.equal(skipped, 1);
  });
}

test("aws: what comes before a damaged message is kept, and the damage is said", () => {
  const good = encodeAwsEvent({ ":event-type": "a" }, Buffer.from("{}"));
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ 0x40;
    const { events, isDamaged } = read("aws", [good, bad, good]);
    assert.deepEqual(events, [["a", "{}"]], `byte ${at}`);
    assert.equal(isDamaged, true);
  }
});

test("aws: headers of every type are passed over, and the event's name is found among them", () => {
  const header = (name: string, type: number, value: readonly number[]) => [
    name.length,
    ...Buffer.from(name),
    type,
    ...value,
  ];
  const plain = encodeAwsEvent({ ":exception-type": "throttlingException" }, Buffer.from("{}"));
  assert.deepEqual(read("aws", [plain]).events, [["throttlingException", "{}"]]);
  const name = [...Buffer.from(":event-type")];
  const headers = Buffer.from([
    ...header("t", 0, []),
    ...header("f", 1, []),
    ...header("b", 2, [1]),
    ...header("s", 3, [1, 2]),
    ...header("i", 4, [1, 2, 3, 4]),
    ...header("l", 5, [1, 2, 3, 4, 5, 6, 7, 8]),
    ...header("y", 6, [0, 2, 9, 9]),
    ...header("d", 8, [1, 2, 3, 4, 5, 6, 7, 8]),
    ...header(
      "u",
      9,
      Array.from({ length: 16 }, () => 7),
    ),
    ...[name.length, ...name, 7, 0, 3, ...Buffer.from("end")],
  ]);
  const message = encodeAwsEvent({}, Buffer.concat([headers, Buffer.from("{}")]));
  // The same bytes with the headers' length told: both checksums are made anew.
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  assert.deepEqual(read("aws", [message]).events, [["end", "{}"]]);
});

for (const [contentType, first, isStreamPath, expected] of [
  ["text/event-stream; charset=utf-8", "", false, "events"],
  ["application/vnd.amazon.eventstream", "", true, "aws"],
  ["application/x-ndjson", "", false, "lines"],
  ["application/stream+json", "", false, "lines"],
  ["application/json; charset=utf-8", "[{", true, "array"],
  ["application/json", "{", false, "json"],
  ["application/problem+json", "{", false, "json"],
  ["", "data: {}", false, "events"],
  ["text/plain", "event: x", false, "events"],
  ["", ": comment\n\n", false, "events"],
  ["", "\n [{", true, "array"],
  ["", "{", false, "json"],
  ["", "{}", false, "json"],
  ["", "[1,2]", false, "json"],
  ["", '["a"]', false, "json"],
  ["", "[[0.1", false, "json"],
  ["", "", false, "other"],
  ["audio/mpeg", "ID3", false, "other"],
  ["application/json", "d", false, "events"],
  ["application/json", "event: message\n", true, "events"],
  ["text/plain; charset=utf-8", '{"id":', false, "json"],
  ["text/plain", "{", false, "json"],
  ["text/plain", "[Music] and a song", false, "other"],
  ["text/plain", "[1] See the list.", false, "other"],
  ["text/html", '{"id":', false, "other"],
] as const) {
  test(`${contentType || "no type"}, ${JSON.stringify(first)}${isStreamPath ? ", a stream's path" : ""}: ${expected}`, () => {
    assert.equal(framingOf(contentType, Buffer.from(first), isStreamPath), expected);
  });
}

const completion = (content: string) =>
  Buffer.from(
    JSON.stringify({
      model: "gpt-4o",
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 5 },
    }),
  );

/** A body that Brotli happens to pack into bytes that begin as a stream of events may: white space, then a letter. */
function packedLikeEvents(): Buffer {
  const letters = Array.from({ length: 2000 }, (_, at) =>
    String.fromCharCode(97 + (((at * at * 7919) % 1009) % 26)),
  ).join("");
  const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
  for (let length = 1; length < letters.length; length += 1) {
    const packed = brotliCompressSync(completion(letters.slice(0, length)), { params });
    if (framingOf("application/json", packed, false) === "events") return packed;
  }
  return assert.fail("none was found");
}

for (const [contentType, contentEncoding, body] of [
  ["application/json", "", completion("Hi")],
  ["application/json", "identity", completion("Hi")],
  ["application/json", "gzip", gzipSync(completion("Hi"))],
  ["application/json", "br", packedLikeEvents()],
] as const) {
  test(`${contentType}, ${contentEncoding || "no encoding"}: JSON is read, whatever its bytes look like`, async () => {
    const limits = { contentBytes: 1 << 20, decodedBytes: 1 << 20, budget: new CaptureBudget(1 << 24) };
    const head = { status: 200, contentType, contentEncoding };
    const observer = new ResponseObserver(apiOf("POST", "/v1/chat/completions"), head, limits);
    observer.push(body, 1);
    await new Promise<void>((resolve) => observer.end(resolve));
    const { model, usage } = observer.answer;
    assert.deepEqual([observer.isStream, model, usage.input_tokens], [false, "gpt-4o", 10]);
  });
}
