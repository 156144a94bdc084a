import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventFramer } from "./frames.ts";

function eventsOf(chunks: readonly Buffer[], limit = 1 << 20): string[] {
  const events: string[] = [];
  const framer = new EventFramer(
    { onEvent: (data, start, end) => events.push(data.toString("utf8", start, end)) },
    limit,
  );
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return events;
}

/** The same by the book, on the whole text. */
function eventsByTheBook(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  for (const line of [...text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/), ""]) {
    if (line === "") {
      if (data.length > 0) events.push(data.join("\n"));
      data = [];
    } else if (line === "data" || line.startsWith("data:")) {
      data.push(line.slice(5).replace(/^ /, ""));
    }
  }
  return events;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((offset) => offset % (bytes.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...ends, bytes.length];
  // Copies: a framer that read beyond its chunk would be found out.
  return bounds.slice(1).map((end, index) => Buffer.from(bytes.subarray(bounds[index], end)));
}

for (const [name, text, events] of [
  ["LF", "data: a\n\ndata: b\n\n", ["a", "b"]],
  ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
  ["lone CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
  ["no space after the colon", "data:a\n\n", ["a"]],
  ["only one space is the field's", "data:  a\n\n", [" a"]],
  ["comments, ids and names", ": ping\nevent: x\nid: 1\nretry: 5\ndata: a\n\n: OPENROUTER PROCESSING\n\n", ["a"]],
  ["several data lines", "data: a\ndata: b\n\n", ["a\nb"]],
  ["a field that only begins like data", "database: x\ndata: a\n\n", ["a"]],
  ["data without colon", "data\n\n", [""]],
  ["no blank line at the end", "data: a\n\ndata: [DONE]", ["a", "[DONE]"]],
  ["byte order mark", "\ufeffdata: a\n\n", ["a"]],
  ["nothing", "", []],
] as const) {
  test(`${name}, cut at every byte`, () => {
    const bytes = Buffer.from(text);
    assert.deepEqual(eventsByTheBook(text), events);
    for (let at = 0; at <= bytes.length; at += 1) assert.deepEqual(eventsOf(cut(bytes, [at])), events, `cut at ${at}`);
    assert.deepEqual(eventsOf([...bytes].map((byte) => Buffer.of(byte))), events, "byte by byte");
  });
}

test("any text, cut anywhere, gives the events that the specification gives", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "data:",
      "data: ",
      "data",
      ":",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      "\r\n\r\n",
      "event: x\n",
      '{"a":"é漢😀"}',
    ),
    fc.string({ unit: "grapheme", maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(500), { maxLength: 8 }), (pieces, cuts) => {
      const text = pieces.join("");
      assert.deepEqual(eventsOf(cut(Buffer.from(text), cuts)), eventsByTheBook(text));
    }),
    { numRuns: 2000 },
  );
});

test("a line over the limit is skipped, what follows is read", () => {
  const chunks = [Buffer.from(`data: ${"x".repeat(600)}`), Buffer.from(`${"x".repeat(600)}\n\ndata: b\n\n`)];
  assert.deepEqual(eventsOf(chunks, 1000), ["b"]);
});
