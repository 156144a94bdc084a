import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { projectId, type SpanRow } from "@weir/model";
import { type AnyValue, type Attributes, encodeTraces, type Span, SpanCursor } from "@weir/otlp";
import fc from "fast-check";
import { createBlockWriter } from "../../blocks/block-writer.ts";
import { rowsOf } from "../../testing.ts";
import { fields } from "../fields.ts";
import { normalizeSpans } from "../normalize-spans.ts";
import { readCapture } from "../testing/captured-exports.ts";
import { spanWith } from "../testing/span-with.ts";
import { ExportWriter } from "./export-writer.ts";
import { SpanInBytes } from "./span-in-bytes.ts";

const context = { projectId: projectId("tests"), retentionDays: 30 };
const folder = resolve(import.meta.dirname, "../../../testdata/otel");
const captures = globSync("*/*.json", { cwd: folder })
  .filter((file) => !file.endsWith(".expected.json") && !file.startsWith("generate"))
  .map((file) => ({ file, spans: readCapture(join(folder, file)).spans }));
/** One for all: what it keeps from one export to the next must not be seen. */
const writer = new ExportWriter({ maxExportItems: 1000 });

/** What `normalizeSpans` makes of an export, as it is read back from a block. */
function expected(message: Uint8Array): SpanRow[] | "malformed" {
  const cursor = new SpanCursor();
  const spans: Span[] = [];
  try {
    cursor.open(message);
    while (cursor.next()) if (cursor.hasIds) spans.push(cursor.span());
  } catch {
    return "malformed";
  }
  const latest = 2n ** 63n - 1n;
  const blocks = createBlockWriter("spans");
  for (const row of normalizeSpans(
    spans.filter((span) => span.startTimeUnixNano <= latest && span.endTimeUnixNano <= latest),
    context,
  )) {
    row.api_key_id = "key";
    blocks.append(row);
  }
  return inOrder(rowsOf(blocks.finish()));
}

function written(message: Uint8Array): SpanRow[] | "malformed" {
  try {
    const { batch } = writer.write(message, context, "key");
    return batch === undefined ? [] : inOrder(rowsOf(batch));
  } catch {
    return "malformed";
  }
}

/** Spans may come in another order, and attributes too. */
function inOrder(rows: readonly SpanRow[]): SpanRow[] {
  const sorted = rows.map((row) => ({
    ...row,
    attributes: Object.fromEntries(Object.entries(row.attributes).sort(([one], [other]) => (one < other ? -1 : 1))),
  }));
  const keys = new Map(
    sorted.map((row) => [row, JSON.stringify(row, (_, it) => (typeof it === "bigint" ? `${it}` : it))]),
  );
  return sorted.sort((one, other) => ((keys.get(one) ?? "") < (keys.get(other) ?? "") ? -1 : 1));
}

function checkSame(message: Uint8Array): void {
  assert.deepEqual(written(message), expected(message));
}

test("the captures of every package come out as by normalizeSpans", () => {
  assert.ok(captures.length > 80);
  for (const { spans } of captures) checkSame(encodeTraces(spans));
});

/** Whether a span is read from its bytes alone. */
function isReadFromBytes(span: Span): boolean {
  const cursor = new SpanCursor();
  const reader = new SpanInBytes(cursor);
  cursor.open(encodeTraces([span]));
  reader.begin(context, "");
  assert.ok(cursor.next());
  return reader.read() !== undefined;
}

const messages = '[{"role":"user","parts":[{"type":"text","content":"Hej, världen \\u00e5 \\"x\\""}]}]';
const answer = '[{"role":"assistant","parts":[],"finish_reason":"stop"}]';
const chat = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.response.model": "gpt-4o-2024-08-06",
  "gen_ai.response.id": "chatcmpl-1",
  "gen_ai.request.temperature": 0.7,
  "gen_ai.request.max_tokens": 100,
  "gen_ai.usage.input_tokens": 50,
  "gen_ai.usage.output_tokens": 9,
  "gen_ai.usage.cache_read.input_tokens": 20,
  "gen_ai.response.finish_reasons": ["stop"],
  "gen_ai.input.messages": messages,
  "gen_ai.output.messages": answer,
  "user.id": "Zoë",
  "session.id": "s-1",
};

for (const [what, attributes] of Object.entries<Attributes>({
  "a chat of OpenTelemetry's conventions": chat,
  "a chat with instructions and tools": {
    ...chat,
    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
    "gen_ai.tool.definitions": '[{"type":"function","name":"f"}]',
  },
  "a chain of OpenInference": {
    "openinference.span.kind": "CHAIN",
    "input.value": '{"question":"why"}',
    "input.mime_type": "application/json",
    "output.value": "because",
  },
  "an HTTP request": { "http.request.method": "GET", "http.response.status_code": 404, "url.path": "/ä" },
  "a query": { "db.system.name": "postgresql", "db.query.text": "SELECT 1", "db.response.returned_rows": 2 },
  "a tool": {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "search",
    "gen_ai.tool.call.id": "c1",
    "gen_ai.tool.call.arguments": '{"q":1}',
    "gen_ai.tool.call.result": "none",
  },
  "nothing at all": {},
})) {
  test(`${what} is read from its bytes`, () => {
    const span = spanWith(attributes, { resource: { "service.name": "shop", "host.name": "a" } });
    assert.ok(isReadFromBytes(span));
    checkSame(encodeTraces([span]));
  });
}

for (const [what, span] of Object.entries<Span>({
  "the AI SDK": spanWith({ "ai.operationId": "ai.generateText" }),
  "an event": spanWith({}, { events: [{ timeUnixNano: 1n, name: "exception", attributes: {} }] }),
  "an error": spanWith({}, { statusCode: 2, statusMessage: "no" }),
  "a parameter beyond 2^53": spanWith({ "gen_ai.request.seed": -(2n ** 62n) }),
  "a key that its resource has too": spanWith({ "host.name": "b" }, { resource: { "host.name": "a" } }),
})) {
  test(`${what} is for normalizeSpan`, () => {
    assert.equal(isReadFromBytes(span), false);
    checkSame(encodeTraces([span]));
  });
}

const keys = [
  ...new Set([
    ...Object.values(fields).flatMap(({ from }) =>
      from.map((source) => (typeof source === "string" ? source : source.key)),
    ),
    ...captures.flatMap(({ spans }) => spans.flatMap(({ attributes }) => Object.keys(attributes))),
    ...Object.keys(chat),
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "host.name",
    "otel.scope.name",
    "exception.type",
    "exception.message",
    "metadata",
    "input",
    "output",
    "1",
    "0",
    "__proto__",
    "constructor",
    "",
    "é",
  ]),
];
const words = [
  ...[
    "",
    " ",
    "chat",
    "LLM",
    "embeddings",
    "execute_tool",
    "TOOL",
    "AGENT",
    "retrieval",
    "rerank",
    "UNKNOWN",
    "tools/call",
  ],
  ...["openai", "OpenAI.chat", "langchain", "azure", "gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "openrouter"],
  ...[
    "stop",
    "none",
    "tool_calls",
    "error",
    "END_TURN",
    "true",
    "False",
    "flex",
    "priority",
    "12",
    "-3",
    "1e3",
    "0.5",
    " 7 ",
  ],
  ...[messages, answer, "[]", "[", "[1,2,]", '"text"', '"[1]"', "{}", '{"a":1}', '[{"finish_reason":"error"}]', " [1]"],
  ...[
    '[{"finish_reason":null}]',
    '[{"finish\\u005freason":"x"}]',
    '[{"finish_reason":"a\\u0062"}]',
    '[{"role":"system"}]',
  ],
  ...[
    '[{"a":[{"finish_reason":"no"}]},{"finish_reason":"later"}]',
    `[${"[".repeat(40)}${"]".repeat(40)}]`,
    "[\u00a01]",
  ],
  ...[
    '["stop"]',
    "a,b",
    '{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}',
    '{"cut":"off',
    "[01]",
    "[1.e2]",
  ],
  ...['{"choices":[{"message":{"role":"assistant","content":"y"},"finish_reason":"length"}],"id":"i","model":"m"}'],
  ...[
    "x".repeat(100),
    "ä".repeat(60),
    "\ud800",
    "2026-01-01T00:00:00Z",
    "[-0.5E+3,true,false,null]",
    '["\\x"]',
    '["\t"]',
  ],
];
const value: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<AnyValue>(0, 1, 7, 1000, 70_000, 4_294_967_295, 4_294_967_296, -1, 429, 600),
  },
  fc.constantFrom<AnyValue>(
    0.5,
    1e21,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2n ** 60n,
    -(2n ** 62n),
    true,
    false,
    null,
  ),
  fc.constantFrom<AnyValue>([], ["stop"], ["a", 1], [["x"]], { role: "user", content: "hi" }, [{ a: 1 }]),
  fc.constantFrom<AnyValue>(Uint8Array.of(1, 2, 255)),
  fc.string({ unit: "binary", maxLength: 70 }),
  fc.json({ maxDepth: 3 }),
  fc.json({ maxDepth: 3 }).map((json) => `[{"finish_reason":${json}},${json}]`),
);
const usualKeys = fc.constantFrom(...Object.keys(chat), "input.value", "output.value", "openinference.span.kind");
const attributes = fc.dictionary(
  fc.oneof(
    { weight: 3, arbitrary: usualKeys },
    { weight: 2, arbitrary: fc.constantFrom(...keys) },
    fc.string({ maxLength: 5 }),
  ),
  value,
  { maxKeys: 12, noNullPrototype: true },
);
const hex = (length: number) => fc.constantFrom("1", "2", "3", "4").map((digit) => digit.repeat(length));
const anySpan: fc.Arbitrary<Span> = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: fc.oneof(fc.constant(""), hex(16)),
    flags: fc.constantFrom(0, 1, 0x100, 0x300),
    name: fc.oneof(fc.constantFrom("", "chat gpt-4o"), fc.string({ unit: "binary", maxLength: 80 })),
    kind: fc.nat(5),
    startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    length: fc.bigInt({ min: -5n, max: 2n ** 61n }),
    statusCode: fc.constantFrom(0, 0, 0, 1, 2),
    statusMessage: fc.constantFrom("", "", "", "429 no"),
    attributes: fc.oneof(
      attributes,
      attributes.map((it) => ({ ...chat, ...it })),
    ),
    resource: fc.constantFrom<Attributes>(
      {},
      { "service.name": "a", "deployment.environment": "x" },
      { "service.name": 3 },
    ),
    scope: fc.constantFrom(
      { name: "", version: "", attributes: {} },
      {
        name: "@traceloop/instrumentation-anthropic",
        version: "1",
        attributes: { public_key: "x", "user.id": "scope" },
      },
    ),
  })
  .map(({ length, ...span }) => {
    const end = span.startTimeUnixNano + length;
    return spanWith(span.attributes, { ...span, endTimeUnixNano: end < 0n || end >= 2n ** 64n ? 0n : end });
  });

test("any spans come out as by normalizeSpans", () => {
  fc.assert(
    fc.property(fc.array(anySpan, { minLength: 1, maxLength: 4 }), (spans) => checkSame(encodeTraces(spans))),
    { numRuns: 500 },
  );
});

test("damaged exports come out as by normalizeSpans", () => {
  const usual = encodeTraces([spanWith(chat), spanWith({ ...chat, "server.port": 443, list: ["a", { b: 1 }] })]);
  const originals = [usual, usual, ...captures.map(({ spans }) => encodeTraces(spans.slice(0, 3)))];
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (original, changes) => {
        const damaged = Buffer.from(original);
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        checkSame(damaged);
      },
    ),
    { numRuns: 500 },
  );
});

test("spans that tell of one call are told apart however they are read", () => {
  const first = spanWith(chat, { spanId: "1".repeat(16) });
  const sameAnswer = spanWith({ ...chat, "user.id": "other" }, { spanId: "2".repeat(16) });
  const slowSame = spanWith({ ...chat, "ai.x": 1 }, { spanId: "3".repeat(16) });
  const inner = spanWith(
    { ...chat, "gen_ai.response.id": "" },
    { spanId: "4".repeat(16), parentSpanId: "1".repeat(16) },
  );
  const elsewhere = spanWith(chat, { spanId: "5".repeat(16), traceId: "5".repeat(32) });
  for (const spans of [
    [first, sameAnswer],
    [first, slowSame],
    [slowSame, first, elsewhere],
    [inner, first],
    [first, inner, sameAnswer, slowSame, elsewhere],
    [first, first],
  ]) {
    const message = encodeTraces(spans);
    checkSame(message);
    const rows = written(message);
    assert.ok(rows !== "malformed" && rows.some(({ kind }) => kind === "chain"));
  }
});

test("too many spans are refused, and nothing of them is left", () => {
  const small = new ExportWriter({ maxExportItems: 1 });
  assert.throws(() => small.write(encodeTraces([spanWith(chat), spanWith({})]), context, ""), {
    code: "BODY_TOO_LARGE",
  });
  assert.equal(small.write(encodeTraces([spanWith({})]), context, "").batch?.rowCount, 1);
});
