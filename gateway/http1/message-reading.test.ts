import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpFault } from "./http-fault.ts";
import { defaultHeadLimits, parseRequestHead, parseResponseHead } from "./message-head.ts";
import { cut, readAnswer, readAnswerByNode, readRequests, readRequestsByNode } from "./testing/read-messages.ts";

function faultOf(head: string): number | undefined {
  try {
    parseRequestHead(head, defaultHeadLimits);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof HttpFault, String(error));
    return error.status;
  }
}

const post = "POST /v1/x HTTP/1.1\r\nhost: w";

for (const [name, head, status] of [
  ["a plain request", post, undefined],
  ["HTTP/1.0 without a host", "GET / HTTP/1.0", undefined],
  ["an absolute target", "GET http://w/v1 HTTP/1.1\r\nhost: w", undefined],
  ["both length and coding", `${post}\r\ncontent-length: 5\r\ntransfer-encoding: chunked`, 400],
  ["two lengths", `${post}\r\ncontent-length: 5\r\ncontent-length: 6`, 400],
  ["the same length twice", `${post}\r\ncontent-length: 5\r\ncontent-length: 5`, 400],
  ["a list of lengths", `${post}\r\ncontent-length: 5, 5`, 400],
  ["a signed length", `${post}\r\ncontent-length: +5`, 400],
  ["a hexadecimal length", `${post}\r\ncontent-length: 0x5`, 400],
  ["an empty length", `${post}\r\ncontent-length:`, 400],
  ["a length beyond all bounds", `${post}\r\ncontent-length: 99999999999999999999`, 400],
  ["chunked twice", `${post}\r\ntransfer-encoding: chunked, chunked`, 400],
  ["chunked over another coding", `${post}\r\ntransfer-encoding: gzip, chunked`, 400],
  ["a coding in disguise", `${post}\r\ntransfer-encoding: xchunked`, 400],
  ["a coding with a vertical tab", `${post}\r\ntransfer-encoding: \u000bchunked`, 400],
  ["a coding with a tab after it", `${post}\r\ntransfer-encoding: chunked\t`, 400],
  ["a coding in HTTP/1.0", "POST / HTTP/1.0\r\ntransfer-encoding: chunked", 400],
  ["a space before the colon", `${post}\r\ntransfer-encoding : chunked`, 400],
  ["a folded line", `${post}\r\nx-a: b\r\n c`, 400],
  ["a folded first line", `${"POST /v1/x HTTP/1.1"}\r\n host: w`, 400],
  ["a bare line feed", `${post}\nx-a: b`, 400],
  ["a bare carriage return", `${post}\r\nx-a: b\rc`, 400],
  ["a zero byte in a value", `${post}\r\nx-a: b\0c`, 400],
  ["a zero byte in a name", `${post}\r\nx-\0a: b`, 400],
  ["a line without a colon", `${post}\r\nnonsense`, 400],
  ["an empty name", `${post}\r\n: b`, 400],
  ["a name that is no token", `${post}\r\nx(a): b`, 400],
  ["no host", "POST / HTTP/1.1", 400],
  ["two hosts", `${post}\r\nhost: v`, 400],
  ["a target with a space", "GET /a b HTTP/1.1\r\nhost: w", 400],
  ["a target that is a word", "GET a HTTP/1.1\r\nhost: w", 400],
  ["a tunnel", "CONNECT a:1 HTTP/1.1\r\nhost: w", 501],
  ["a method of its own", "BREW /pot HTTP/1.1\r\nhost: w", 501],
  ["another version", "GET / HTTP/2.0\r\nhost: w", 505],
  ["a lower-case version", "GET / http/1.1\r\nhost: w", 400],
  ["no version", "GET /", 400],
  ["too long a path", `GET /${"a".repeat(defaultHeadLimits.targetBytes)} HTTP/1.1\r\nhost: w`, 414],
  ["too many headers", post + "\r\na: b".repeat(defaultHeadLimits.fieldLines), 431],
] as const) {
  test(`head: ${name}: ${status ?? "taken"}`, () => assert.equal(faultOf(head), status));
}

test("what a head says of its message", () => {
  const head = parseRequestHead(
    "POST /v1/x?y=%20 HTTP/1.1\r\nHost: w\r\nX-Odd:  \ta b\t \r\nConnection: Upgrade, x\r\nUpgrade: WebSocket\r\nExpect: 100-Continue\r\ncontent-length: 7",
    defaultHeadLimits,
  );
  assert.deepEqual(
    [head.method, head.target, head.bodyLength, head.keepsAlive, head.upgrade, head.expectsContinue],
    ["POST", "/v1/x?y=%20", 7, true, "websocket", true],
  );
  assert.deepEqual(head.rawHeaders.slice(0, 4), ["Host", "w", "X-Odd", "a b"]);
});

for (const [head, method, length, keepsAlive] of [
  ["HTTP/1.1 200 OK\r\ncontent-length: 3", "GET", 3, true],
  ["HTTP/1.1 200", "GET", -2, false],
  ["HTTP/1.1 200 \r\ntransfer-encoding: Chunked\r\nconnection: close", "GET", -1, false],
  ["HTTP/1.0 200 OK\r\ncontent-length: 3", "GET", 3, false],
  ["HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive", "GET", 3, true],
  ["HTTP/1.1 204 No Content", "GET", 0, true],
  ["HTTP/1.1 304 Not Modified\r\ncontent-length: 9", "GET", 0, true],
  ["HTTP/1.1 200 OK\r\ncontent-length: 9", "HEAD", 0, true],
  ["HTTP/1.1 103 Early Hints\r\nlink: </a>", "GET", 0, true],
] as const) {
  test(`answer: ${JSON.stringify(head)} to ${method}`, () => {
    const parsed = parseResponseHead(head, method, defaultHeadLimits);
    assert.deepEqual([parsed.bodyLength, parsed.keepsAlive], [length, keepsAlive]);
  });
}

for (const head of [
  "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked",
  "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 3",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked",
  "HTTP/1.1 2000 OK",
  "HTTP/1.1 20 OK",
  "HTTP/1.1  200 OK",
  "ICY 200 OK",
  "HTTP/2 200",
  "HTTP/1.1 200 OK\r\n folded: x",
]) {
  test(`answer: ${JSON.stringify(head)}: refused`, () =>
    assert.throws(() => parseResponseHead(head, "GET", defaultHeadLimits), HttpFault));
}

for (const [name, body] of [
  ["no digits", "\r\nabc"],
  ["a sign", "+3\r\nabc\r\n0\r\n\r\n"],
  ["a prefix", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["too many digits", "0000000000003\r\nabc\r\n0\r\n\r\n"],
  ["a bare line feed", "3\nabc\r\n0\r\n\r\n"],
  ["a bare carriage return", "3\rabc\r\n0\r\n\r\n"],
  ["spaces", "3 \r\nabc\r\n0\r\n\r\n"],
  ["more data than told", "3\r\nabcd\r\n0\r\n\r\n"],
  ["less data than told", "4\r\nabc\r\n0\r\n\r\n"],
  ["an extension with a line feed", "3;a=b\n\r\nabc\r\n0\r\n\r\n"],
  ["a trailer that is no header", "3\r\nabc\r\n0\r\nnonsense\r\n\r\n"],
  ["a trailer that frames", "3\r\nabc\r\n0\r\nTransfer-Encoding: identity\r\n\r\n"],
  ["a folded trailer", "3\r\nabc\r\n0\r\na: b\r\n c\r\n\r\n"],
] as const) {
  test(`chunked body: ${name}: refused, wherever it is cut`, () => {
    const bytes = Buffer.from(`${post}\r\ntransfer-encoding: chunked\r\n\r\n${body}`);
    for (let at = 0; at < bytes.length; at += 1) {
      assert.ok(readRequests(cut(bytes, [at])).isRefused, `cut at ${at}`);
    }
  });
}

for (const [name, bytes] of [
  ["an endless path", Buffer.from(`GET /${"a".repeat(100_000)}`)],
  ["an endless header", Buffer.from(`${post}\r\nx: ${"a".repeat(100_000)}`)],
  ["a bare line feed in a head that is not whole", Buffer.from("GET / HTTP/1.1\nhost: w")],
] as const) {
  test(`${name} is refused before its end`, () => {
    assert.ok(readRequests([bytes]).isRefused);
    assert.ok(
      readRequests(
        cut(
          bytes,
          Array.from({ length: 50 }, (_, index) => index * 977),
        ),
      ).isRefused,
    );
  });
}

test("empty lines before a request are skipped, wherever they are cut", () => {
  const bytes = Buffer.from(
    "\r\n\r\n\r\nGET / HTTP/1.1\r\nhost: w\r\n\r\n\r\n\r\nGET /b HTTP/1.1\r\nhost: w\r\n\r\n\r\n",
  );
  const whole = readRequests([bytes]);
  assert.deepEqual(
    whole.messages.map(({ start }) => start),
    ["GET /", "GET /b"],
  );
  for (let first = 0; first < bytes.length; first += 1) {
    for (let second = first; second < bytes.length; second += 1) {
      assert.deepEqual(readRequests(cut(bytes, [first, second])), whole, `cut at ${first} and ${second}`);
    }
  }
});

const tokens = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const values = fc.stringMatching(/^[\x21-\x7e\x80-\xff]?[\t\x20-\x7e\x80-\xff]{0,20}$/).map((value) => value.trim());
const plainHeaders = fc.array(
  fc.tuple(
    tokens.map((token) => `x-${token}`),
    values,
  ),
  { maxLength: 6 },
);
const bodies = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const chunkSizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 5 });
const offsets = fc.array(fc.nat(2000), { maxLength: 12 });

function headersText(headers: readonly (readonly [string, string])[]): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}

function chunksOf(body: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, body.length]) {
    const part = body.subarray(at, at + size);
    at += part.length;
    if (part.length > 0) parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

const requests = fc
  .tuple(
    fc.constantFrom("GET", "POST", "PUT", "DELETE"),
    plainHeaders,
    bodies,
    fc.constantFrom("length", "chunked", "none"),
    chunkSizes,
  )
  .map(([method, headers, body, framing, sizes]) => {
    const framingLine =
      framing === "length"
        ? `content-length: ${body.length}\r\n`
        : framing === "chunked"
          ? "transfer-encoding: chunked\r\n"
          : "";
    const head = `${method} /v1/a?b=c HTTP/1.1\r\nHost: w\r\n${headersText(headers)}${framingLine}\r\n`;
    const sent = framing === "length" ? body : framing === "chunked" ? chunksOf(body, sizes) : Buffer.alloc(0);
    return Buffer.concat([Buffer.from(head, "latin1"), sent]);
  });

test("pipelined requests are read as Node reads them, wherever they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 3 }), offsets, async (several, at) => {
      const bytes = Buffer.concat(several);
      const ours = readRequests(cut(bytes, at));
      assert.equal(ours.messages.length, several.length);
      assert.deepEqual(ours, await readRequestsByNode(bytes));
    }),
    { numRuns: 150 },
  );
});

/** What smugglers are fond of. */
const nastyPieces = fc.constantFrom(
  ...[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "0",
    "0\r\n\r\n",
    "\r\n\r\n",
    "chunked",
    "x",
    "\x7f",
    "\x80",
    "\xff",
  ],
  ...[
    "content-length: 3\r\n",
    "Content-Length: 0\r\n",
    "transfer-encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
  ],
  ...[
    "GET / HTTP/1.1\r\nhost: w\r\n\r\n",
    " HTTP/1.1",
    "HTTP/1.0",
    "host: w\r\n",
    "connection: close\r\n",
    "expect: 100-continue\r\n",
  ],
);
const mutations = fc.array(fc.tuple(fc.nat(400), fc.nat(6), nastyPieces), { minLength: 1, maxLength: 4 });

function mutated(bytes: Buffer, changes: readonly (readonly [number, number, string])[]): Buffer {
  let text = bytes.toString("latin1");
  for (const [at, remove, piece] of changes) {
    const offset = at % (text.length + 1);
    text = text.slice(0, offset) + piece + text.slice(offset + remove);
  }
  return Buffer.from(text, "latin1");
}

test("what is taken of broken requests is what Node takes too, and cuts change nothing", async () => {
  await fc.assert(
    fc.asyncProperty(requests, mutations, offsets, async (request, changes, at) => {
      const bytes = mutated(request, changes);
      const whole = readRequests([bytes]);
      assert.deepEqual(readRequests(cut(bytes, at)), whole);
      const byNode = await readRequestsByNode(bytes);
      // What we refuse, Node may take; what we take as whole, it must take and understand alike.
      assert.deepEqual(whole.messages, byNode.messages.slice(0, whole.messages.length));
    }),
    { numRuns: 500 },
  );
});

const answers = fc
  .tuple(
    fc.constantFrom(200, 204, 304, 404, 500),
    plainHeaders,
    bodies,
    fc.constantFrom("length", "chunked", "close"),
    chunkSizes,
  )
  .map(([status, headers, body, framing, sizes]) => {
    const hasBody = status !== 204 && status !== 304;
    const framingLine =
      framing === "length"
        ? `content-length: ${body.length}\r\n`
        : framing === "chunked"
          ? "transfer-encoding: chunked\r\n"
          : "";
    const head = `HTTP/1.1 ${status} Some Words\r\n${headersText(headers)}${hasBody ? framingLine : ""}\r\n`;
    const sent = !hasBody ? Buffer.alloc(0) : framing === "chunked" ? chunksOf(body, sizes) : body;
    return Buffer.concat([Buffer.from(head, "latin1"), sent]);
  });

test("answers are read as Node reads them, wherever they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(answers, fc.boolean(), offsets, async (answer, isEarly, at) => {
      const bytes = isEarly
        ? Buffer.concat([Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"), answer])
        : answer;
      assert.deepEqual(readAnswer(cut(bytes, at), "GET"), await readAnswerByNode(bytes, "GET"));
    }),
    { numRuns: 150 },
  );
});

test("what is taken of broken answers is what Node takes too", async () => {
  await fc.assert(
    fc.asyncProperty(answers, mutations, offsets, async (answer, changes, at) => {
      const bytes = mutated(answer, changes);
      const whole = readAnswer([bytes], "GET");
      assert.deepEqual(readAnswer(cut(bytes, at), "GET"), whole);
      const byNode = await readAnswerByNode(bytes, "GET");
      const [ours] = whole.messages;
      const [theirs] = byNode.messages;
      // Node waits for the body of an answer that can have none when the answer names a transfer coding.
      const isWaitedFor =
        ours !== undefined &&
        /^(204|304)/.test(ours.start) &&
        ours.headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "transfer-encoding");
      if (ours !== undefined && !isWaitedFor) assert.deepEqual(ours, theirs);
    }),
    { numRuns: 500 },
  );
});
