import zlib from "node:zlib";
import type { SpanRow } from "@weir/model";
import { byteByByte, chunkOf, lastChunk, type Step } from "./socket-script.ts";

/** What goes wrong between a client, the gateway and a provider, and what all three have to say about it. */
export interface FaultCase {
  /** Which of `faultSubjects` it is about. */
  readonly about: number;
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly client: readonly Step[];
  /** What the provider does on each request, the last list for all further ones. Nothing when it is never asked. */
  readonly provider: readonly (readonly Step[])[];
  /** What the client saw. */
  readonly sees: {
    /** Of each answer; none when the connection broke before one. */
    readonly statuses: readonly number[];
    /** After the first head: the very bytes that the provider sent after its own, or these, or something like it. */
    readonly body: "verbatim" | string | RegExp;
    /** `stays`: the connection can be used again. */
    readonly ends: "end" | "reset" | "stays" | "left";
  };
  /** What the provider saw. */
  readonly gets: {
    /** The bodies of the whole requests that reached it. */
    readonly bodies: readonly (string | Buffer)[];
    readonly connections: number;
    /** All of its connections were closed, also those on which it would have gone on. */
    readonly isLetGo?: boolean;
    /** No request had a header of such a name. */
    readonly without?: readonly string[];
  };
  /** What the record says of the last call; null: nothing, it was no call. */
  readonly record: (Partial<SpanRow> & { readonly status: SpanRow["status"] }) | null;
  /** The answer's text, as far as it was recorded. */
  readonly said?: string;
}

/** What gateways were seen to get wrong, numbered. */
export const faultSubjects: Readonly<Record<number, string>> = {
  1: "The client leaves",
  2: "Usage that the client did not ask for",
  3: "Framing of streams",
  4: "Compression",
  5: "`Expect: 100-continue`",
  6: "Large and slow uploads",
  7: "Hop-by-hop headers, request smuggling",
  8: "HTTP/2 upstream",
  9: "The keep-alive race",
  10: "Back-pressure",
  11: "Deadlines of each phase",
  12: "429 and its headers",
  13: "Error bodies",
  14: "Failure in mid-stream",
  15: "Tool calls in streams",
  16: "Cumulative usage",
  17: "Token bases that differ",
  18: "Realtime over WebSocket",
  19: "Races of limits",
  20: "Secrets",
  21: "Personal data in streams",
  22: "Time to first token",
  23: "Labels of metrics",
};

const chatPath = "/v1/chat/completions";
const askStream = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}';
const askWhole = '{"model":"gpt-4o","messages":[]}';
const askClaude = '{"model":"claude-sonnet-4-5","stream":true,"messages":[]}';

function post(path: string, body: string | Buffer, headers = ""): Buffer {
  const bytes = Buffer.from(body as Buffer);
  const head = `POST ${path} HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n${headers}content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}

const eventsHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

function streamHead(...headers: readonly string[]): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
}

function whole(body: string | Buffer, status = "200 OK", headers = "content-type: application/json\r\n"): Buffer {
  const bytes = Buffer.from(body as Buffer);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${headers}content-length: ${bytes.length}\r\n\r\n`), bytes]);
}

function delta(content: string): string {
  return `data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}}}]}\n\n`;
}

const finish = `data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`;
const usage = `data: {"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n`;
const done = "data: [DONE]\n\n";
const text = "Hello é漢😀";
const chatStream = delta("Hello") + delta(" é漢😀") + finish + usage + done;
const chatAnswer = `{"id":"c","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"${text}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`;

function claudeEvent(event: Readonly<Record<string, unknown>>): string {
  return `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`;
}

const claudeStart = claudeEvent({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [],
    usage: { input_tokens: 4, cache_read_input_tokens: 1000, cache_creation_input_tokens: 100, output_tokens: 1 },
  },
});
const claudeText = claudeEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } });

const sent = { prompt_tokens: 3, completion_tokens: 4 };
const usageOfChat = { input_tokens: sent.prompt_tokens, output_tokens: sent.completion_tokens };

const leaving: readonly FaultCase[] = [
  {
    about: 1,
    name: "in the middle of a stream",
    client: [post(chatPath, askStream), { until: "Hello" }, "leave"],
    provider: [[eventsHead, chunkOf(delta("Hello"))]],
    sees: { statuses: [200], body: "verbatim", ends: "left" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cancelled", error_type: "", request_model: "gpt-4o", response_model: "gpt-4o" },
    said: "Hello",
  },
  {
    about: 1,
    name: "by closing its own direction only",
    client: [post(chatPath, askStream), { until: "Hello" }, "end"],
    provider: [[eventsHead, chunkOf(delta("Hello"))]],
    sees: { statuses: [200], body: "verbatim", ends: "end" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cancelled", error_type: "" },
    said: "Hello",
  },
  {
    about: 1,
    name: "between the head and the first token",
    client: [post(chatPath, askStream), { until: "200 OK" }, "leave"],
    provider: [[eventsHead, chunkOf(": keep-alive\n\n")]],
    sees: { statuses: [200], body: /^/, ends: "left" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cancelled", error_type: "", http_status: 200, ttft_ns: null },
  },
  {
    about: 1,
    name: "before the head of an answer that is no stream",
    client: [post(chatPath, askWhole), { pauseMs: 60 }, "leave"],
    provider: [[]],
    sees: { statuses: [], body: "", ends: "left" },
    gets: { bodies: [askWhole], connections: 1, isLetGo: true },
    record: { status: "cancelled", error_type: "", http_status: null },
  },
  {
    about: 1,
    name: "in the middle of a small upload",
    client: [post(chatPath, askWhole).subarray(0, -5), { pauseMs: 40 }, "leave"],
    provider: [],
    sees: { statuses: [], body: "", ends: "left" },
    gets: { bodies: [], connections: 0 },
    record: { status: "cancelled", error_type: "", request_model: "gpt-4o", request_bytes: askWhole.length - 5 },
  },
  {
    about: 1,
    name: "with the usage that an Anthropic stream had told until then",
    client: [post("/anthropic/v1/messages", askClaude), { until: "text_delta" }, "leave"],
    provider: [[eventsHead, chunkOf(claudeStart), chunkOf(claudeText)]],
    sees: { statuses: [200], body: "verbatim", ends: "left" },
    gets: { bodies: [askClaude], connections: 1, isLetGo: true },
    record: { status: "cancelled", input_tokens: 1104, cache_read_tokens: 1000, output_tokens: 1 },
  },
];

const withoutUsage = askStream.replace(',"stream_options":{"include_usage":true}', "");
const usages: readonly FaultCase[] = [
  {
    about: 2,
    name: "is asked for and kept from the client, whose chunks are made anew",
    client: [post(chatPath, withoutUsage), { until: "0\r\n\r\n" }],
    provider: [[eventsHead, chunkOf(chatStream), lastChunk]],
    sees: {
      statuses: [200],
      body: `${chunkOf(chatStream.replace(usage, "")).toString()}${lastChunk}`,
      ends: "stays",
    },
    gets: {
      bodies: [`{"stream_options":{"include_usage":true},${withoutUsage.slice(1)}`],
      connections: 1,
    },
    record: { status: "ok", ...usageOfChat },
    said: text,
  },
  {
    about: 2,
    name: "stays where the stream broke off before it came",
    client: [post(chatPath, askStream)],
    provider: [[eventsHead, chunkOf(delta("Hello")), { pauseMs: 30 }, "reset"]],
    sees: { statuses: [200], body: "verbatim", ends: "end" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cut", error_type: "upstream_cut", output_tokens: null, cost_nano_usd: null },
    said: "Hello",
  },
];

const framings: readonly FaultCase[] = (
  [
    ["CRLF", (it: string) => it.replaceAll("\n", "\r\n")],
    ["lone CR", (it: string) => it.replaceAll("\n", "\r")],
    ["no space after `data:`", (it: string) => it.replaceAll("data: ", "data:")],
    ["comments and unknown fields", (it: string) => it.replaceAll("\n\n", "\nretry: 5\nid: 7\n\n: ping\n\n")],
    ["a byte order mark", (it: string) => `\ufeff${it}`],
    ["data over several lines", (it: string) => it.replaceAll(',"choices"', '\ndata: ,"choices"')],
  ] as const
).map(([name, change]) => ({
  about: 3,
  name: `${name}, one byte a chunk`,
  client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
  provider: [[eventsHead, ...byteByByte(change(chatStream)).map(chunkOf), lastChunk]],
  sees: { statuses: [200], body: "verbatim", ends: "stays" },
  gets: { bodies: [askStream], connections: 1 },
  record: { status: "ok", ...usageOfChat, finish_reason: "stop" },
  said: text,
}));

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants;
const flushedEncoders = {
  gzip: (it: string) => zlib.gzipSync(it, { finishFlush: Z_SYNC_FLUSH }),
  br: (it: string) => zlib.brotliCompressSync(it, { finishFlush: BROTLI_OPERATION_FLUSH }),
  zstd: (it: string) => zlib.zstdCompressSync(it, { finishFlush: ZSTD_e_flush }),
} as const;
const wholeEncoders = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, zstd: zlib.zstdCompressSync } as const;

function encodedHead(encoding: string): string {
  return streamHead(`content-encoding: ${encoding}`, "transfer-encoding: chunked");
}

const codings = Object.keys(flushedEncoders) as (keyof typeof flushedEncoders)[];
const compressions: readonly FaultCase[] = [
  ...codings.map(
    (encoding): FaultCase => ({
      about: 4,
      name: `a stream in ${encoding}, cut within an event`,
      client: [post(chatPath, askStream)],
      provider: [
        [
          encodedHead(encoding),
          chunkOf(flushedEncoders[encoding](delta("Hello") + delta(" é漢😀").slice(0, -10))),
          { pauseMs: 40 },
          "reset",
        ],
      ],
      sees: { statuses: [200], body: "verbatim", ends: "end" },
      gets: { bodies: [askStream], connections: 1, isLetGo: true },
      record: { status: "cut", error_type: "upstream_cut" },
      said: "Hello",
    }),
  ),
  ...codings.map(
    (encoding): FaultCase => ({
      about: 4,
      name: `a whole stream in ${encoding}, one byte a chunk`,
      client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
      provider: [[encodedHead(encoding), ...byteByByte(wholeEncoders[encoding](chatStream)).map(chunkOf), lastChunk]],
      sees: { statuses: [200], body: "verbatim", ends: "stays" },
      gets: { bodies: [askStream], connections: 1 },
      record: { status: "ok", ...usageOfChat },
      said: text,
    }),
  ),
  ...codings.map(
    (encoding): FaultCase => ({
      about: 4,
      name: `a JSON answer in ${encoding} whose length is a lie`,
      client: [post(chatPath, askWhole)],
      provider: [
        [
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\ncontent-length: 9999\r\n\r\n`,
          wholeEncoders[encoding](chatAnswer),
          { pauseMs: 40 },
          "end",
        ],
      ],
      sees: { statuses: [200], body: "verbatim", ends: "end" },
      gets: { bodies: [askWhole], connections: 1, isLetGo: true },
      record: { status: "cut", error_type: "upstream_cut", ...usageOfChat },
      said: text,
    }),
  ),
  {
    about: 4,
    name: "a body that is not what its encoding says",
    client: [post(chatPath, askWhole), { until: "choices" }],
    provider: [[whole(chatAnswer, "200 OK", "content-type: application/json\r\ncontent-encoding: gzip\r\n")]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askWhole], connections: 1 },
    record: { status: "ok", output_tokens: null, content_state: "dropped" },
  },
  {
    about: 4,
    name: "a coding that nobody knows",
    client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
    provider: [[encodedHead("x-own"), chunkOf(chatStream), lastChunk]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "ok", output_tokens: null },
  },
];

function expecting(path: string, length: number, version = "1.1"): string {
  return `POST ${path} HTTP/${version}\r\nhost: w\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
}

const expectations: readonly FaultCase[] = [
  {
    about: 5,
    name: "is answered by the gateway, and not sent on",
    client: [expecting(chatPath, askWhole.length), { until: "100 Continue\r\n\r\n" }, askWhole, { until: "choices" }],
    provider: [[whole(chatAnswer)]],
    sees: { statuses: [100, 200], body: /^HTTP\/1\.1 200 OK/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, without: ["expect"] },
    record: { status: "ok", ...usageOfChat },
  },
  {
    about: 5,
    name: "of a body that is too large is refused at once",
    config: { bodyLimitBytes: 1000 },
    client: [expecting("/openai/v1/files", 5000)],
    provider: [],
    sees: { statuses: [413], body: /BODY_TOO_LARGE/, ends: "end" },
    gets: { bodies: [], connections: 0 },
    record: null,
  },
  {
    about: 5,
    name: "of a client that does not wait",
    client: [expecting(chatPath, askWhole.length) + askWhole, { until: "choices" }],
    provider: [[whole(chatAnswer)]],
    sees: { statuses: [100, 200], body: /^HTTP\/1\.1 200 OK/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, without: ["expect"] },
    record: { status: "ok", ...usageOfChat },
  },
];

const oddBytes = Buffer.concat([
  Buffer.from("--b\r\ncontent-disposition: form-data; name=purpose\r\n\r\nuser_data\r\n"),
  Buffer.from('--b\r\ncontent-disposition: form-data; name=file; filename="a"\r\n\r\n\0\xff--b-not\r\n--', "latin1"),
  Buffer.alloc(300_000, 0xfe),
  Buffer.from("\r\n--b--\r\n"),
]);
const formHead = (framing: string) =>
  `POST /openai/v1/files HTTP/1.1\r\nhost: w\r\ncontent-type: multipart/form-data; boundary=b\r\n${framing}\r\n\r\n`;

function slowly(bytes: Buffer, pieces: number, wrap: (piece: Buffer) => Buffer): Step[] {
  const size = Math.ceil(bytes.length / pieces);
  return Array.from({ length: pieces }, (_, index) => [
    wrap(bytes.subarray(index * size, (index + 1) * size)),
    { pauseMs: 15 },
  ]).flat();
}

const uploads: readonly FaultCase[] = [
  {
    about: 6,
    name: "multipart with a length, in slow pieces",
    client: [formHead(`content-length: ${oddBytes.length}`), ...slowly(oddBytes, 10, (it) => it), { until: "file-1" }],
    provider: [[whole('{"id":"file-1"}')]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [oddBytes], connections: 1 },
    record: { status: "ok", kind: "http", request_bytes: oddBytes.length },
  },
  {
    about: 6,
    name: "multipart in chunks, in slow pieces",
    client: [formHead("transfer-encoding: chunked"), ...slowly(oddBytes, 10, chunkOf), lastChunk, { until: "file-1" }],
    provider: [[whole('{"id":"file-1"}')]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [oddBytes], connections: 1 },
    record: { status: "ok", kind: "http", request_bytes: oddBytes.length },
  },
  {
    about: 6,
    name: "a client that leaves in the middle leaves the provider without an end",
    client: [formHead(`content-length: ${oddBytes.length}`), oddBytes.subarray(0, 100_000), { pauseMs: 60 }, "leave"],
    provider: [[]],
    sees: { statuses: [], body: "", ends: "left" },
    gets: { bodies: [], connections: 1, isLetGo: true },
    record: { status: "cancelled", error_type: "", request_bytes: 100_000 },
  },
  {
    about: 6,
    name: "a model's request over slow chunks arrives with its bytes",
    client: [
      `POST ${chatPath} HTTP/1.1\r\nhost: w\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      ...slowly(Buffer.from(askStream), 8, chunkOf),
      lastChunk,
      { until: "\r\n0\r\n\r\n" },
    ],
    provider: [[eventsHead, chunkOf(chatStream), lastChunk]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "ok", ...usageOfChat, request_model: "gpt-4o" },
    said: text,
  },
];

const hops: readonly FaultCase[] = [
  ...(
    [
      ["both a length and chunks", "content-length: 4\r\ntransfer-encoding: chunked"],
      ["another coding before chunked", "transfer-encoding: gzip, chunked"],
      ["a coding spelled oddly", "transfer-encoding: xchunked"],
      ["a space before the colon", "content-length : 4"],
      ["two lengths", "content-length: 4\r\ncontent-length: 5"],
    ] as const
  ).map(
    ([name, lines]): FaultCase => ({
      about: 7,
      name: `${name}: refused, and never sent on`,
      client: [`POST ${chatPath} HTTP/1.1\r\nhost: w\r\n${lines}\r\n\r\n0\r\n\r\n`],
      provider: [],
      sees: { statuses: [400], body: /BAD_REQUEST/, ends: "end" },
      gets: { bodies: [], connections: 0 },
      record: null,
    }),
  ),
  {
    about: 7,
    name: "what belongs to one connection stays there, both ways",
    client: [
      post(
        chatPath,
        askWhole,
        "connection: keep-alive, x-hop\r\nx-hop: 1\r\nte: trailers\r\nproxy-authorization: Basic x\r\nkeep-alive: 5\r\n",
      ),
      { until: "choices" },
    ],
    provider: [
      [
        whole(
          chatAnswer,
          "200 OK",
          "content-type: application/json\r\nconnection: x-own\r\nx-own: 1\r\nproxy-authenticate: Basic\r\n",
        ),
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, without: ["x-hop", "te", "proxy-authorization", "keep-alive"] },
    record: { status: "ok", ...usageOfChat },
  },
];

const http2Settings = Buffer.from("000000040000000000000008070000000000000000000000 01".replaceAll(" ", ""), "hex");
const connections: readonly FaultCase[] = [
  {
    about: 8,
    name: "a server that speaks HTTP/2 unasked, SETTINGS and GOAWAY: 502, nothing hangs",
    client: [post(chatPath, askWhole)],
    provider: [[http2Settings]],
    sees: { statuses: [502], body: /UPSTREAM_CUT/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_cut", http_status: 502 },
  },
  {
    about: 9,
    name: "a kept connection was closed in good order while idle: the next call takes another",
    client: [post(chatPath, askWhole), { until: "choices" }, { pauseMs: 60 }, post(chatPath, askWhole)],
    provider: [[whole(chatAnswer), "end"], [whole(chatAnswer)]],
    sees: { statuses: [200, 200], body: /choices.*choices/s, ends: "stays" },
    gets: { bodies: [askWhole, askWhole], connections: 2 },
    record: { status: "ok", ...usageOfChat },
  },
  {
    about: 9,
    name: "an idle connection that brings a 408 unasked is not taken for the next answer",
    client: [post(chatPath, askWhole), { until: "choices" }, { pauseMs: 60 }, post(chatPath, askWhole)],
    provider: [
      [whole(chatAnswer), { pauseMs: 20 }, "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"],
      [whole(chatAnswer)],
    ],
    sees: { statuses: [200, 200], body: /choices.*choices/s, ends: "stays" },
    gets: { bodies: [askWhole, askWhole], connections: 2 },
    record: { status: "ok", ...usageOfChat },
  },
  {
    about: 9,
    name: "a kept connection breaks as the request goes out: sent once more, on another",
    client: [post(chatPath, askWhole), { until: "choices" }, post(chatPath, askWhole)],
    provider: [[whole(chatAnswer)], ["reset"], [whole(chatAnswer)]],
    sees: { statuses: [200, 200], body: /choices.*choices/s, ends: "stays" },
    gets: { bodies: [askWhole, askWhole, askWhole], connections: 2 },
    record: { status: "ok", ...usageOfChat },
  },
  {
    about: 9,
    name: "a new connection breaks: may have been acted on, never sent again",
    client: [post(chatPath, askWhole)],
    provider: [["reset"]],
    sees: { statuses: [502], body: /UPSTREAM_CUT/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_cut", http_status: 502 },
  },
  {
    about: 9,
    name: "a kept connection breaks after a part of the head: never sent again",
    client: [post(chatPath, askWhole), { until: "choices" }, post(chatPath, askWhole)],
    provider: [[whole(chatAnswer)], ["HTTP/1.1 200 O", { pauseMs: 20 }, "reset"]],
    sees: { statuses: [200, 502], body: /UPSTREAM_CUT/, ends: "stays" },
    gets: { bodies: [askWhole, askWhole], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_cut", http_status: 502 },
  },
];

const deadlines: readonly FaultCase[] = [
  {
    about: 11,
    name: "first byte: the provider never answers",
    config: { timeouts: { firstByteMs: 120 } },
    client: [post(chatPath, askWhole)],
    provider: [[]],
    sees: { statuses: [504], body: /begin its answer/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_timeout", http_status: 504 },
  },
  {
    about: 11,
    name: "first byte: the head never becomes whole",
    config: { timeouts: { firstByteMs: 400, idleMs: 120 } },
    client: [post(chatPath, askWhole)],
    provider: [["HTTP/1.1 200 OK\r\ncontent-ty"]],
    sees: { statuses: [504], body: /begin its answer/, ends: "stays" },
    gets: { bodies: [askWhole], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_timeout", http_status: 504 },
  },
  {
    about: 11,
    name: "idle: a stream stalls",
    config: { timeouts: { idleMs: 600 } },
    client: [post(chatPath, askStream)],
    provider: [[eventsHead, chunkOf(delta("Hello"))]],
    sees: { statuses: [200], body: "verbatim", ends: "end" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cut", error_type: "upstream_timeout", http_status: 200 },
    said: "Hello",
  },
  {
    about: 11,
    name: "total: a stream that always goes on",
    config: { timeouts: { totalMs: 1500 } },
    client: [post(chatPath, askStream)],
    provider: [
      [
        eventsHead,
        chunkOf(delta("Hello")),
        ...Array.from({ length: 60 }, () => [{ pauseMs: 50 }, chunkOf(": ping\n\n")]).flat(),
      ],
    ],
    sees: { statuses: [200], body: /^[0-9a-f]+\r\ndata: .*Hello.*: ping\n\n\r\n$/s, ends: "end" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cut", error_type: "upstream_timeout" },
    said: "Hello",
  },
  {
    about: 11,
    name: "idle: an upload stalls before it was sent on",
    config: { timeouts: { idleMs: 150 } },
    client: [post(chatPath, askWhole).subarray(0, -5)],
    provider: [],
    sees: { statuses: [408], body: /did not go on in time/, ends: "end" },
    gets: { bodies: [], connections: 0 },
    record: { status: "cancelled" },
  },
  {
    about: 11,
    name: "idle: an upload stalls on its way",
    config: { timeouts: { idleMs: 600 } },
    client: [formHead(`content-length: ${oddBytes.length}`), oddBytes.subarray(0, 100_000)],
    provider: [[]],
    sees: { statuses: [408], body: /did not go on in time/, ends: "end" },
    gets: { bodies: [], connections: 1, isLetGo: true },
    record: { status: "cancelled" },
  },
  {
    about: 11,
    name: "a stream that is slow, and never too slow, is left alone",
    // Longer in all than the deadline, each pause much shorter: a busy machine adds to it.
    config: { timeouts: { idleMs: 2000, firstByteMs: 2000 } },
    client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
    provider: [
      [
        { pauseMs: 450 },
        eventsHead,
        ...[delta("Hello"), delta(" é漢😀"), finish, usage, done].flatMap((it) => [{ pauseMs: 450 }, chunkOf(it)]),
        lastChunk,
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "ok", ...usageOfChat },
    said: text,
  },
];

function refusal(
  about: number,
  name: string,
  status: string,
  headers: string,
  body: string | Buffer,
  record: Partial<SpanRow>,
): FaultCase {
  return {
    about,
    name,
    client: [post(chatPath, askWhole), { until: "\r\n\r\n" }, { pauseMs: 30 }],
    provider: [[whole(body, status, headers)]],
    sees: { statuses: [Number.parseInt(status, 10)], body: "verbatim", ends: "stays" },
    gets: { bodies: [askWhole], connections: 1 },
    record: { status: "error", http_status: Number.parseInt(status, 10), cost_nano_usd: null, ...record },
  };
}

const jsonType = "content-type: application/json\r\n";
const refusals: readonly FaultCase[] = [
  refusal(
    12,
    "OpenAI's limits",
    "429 Too Many Requests",
    `${jsonType}Retry-After: 7\r\nx-ratelimit-reset-tokens: 6m0s\r\n`,
    '{"error":{"message":"slow","type":"tokens"}}',
    { error_type: "rate_limit", error_message: "slow" },
  ),
  refusal(
    12,
    "Anthropic's limits, repeated headers in their order",
    "429 Slow Down",
    `${jsonType}anthropic-ratelimit-unified-status: rejected\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n`,
    '{"type":"error","error":{"type":"rate_limit_error","message":"slow é"}}',
    { error_type: "rate_limit", error_message: "slow é" },
  ),
  refusal(13, "HTML of a proxy", "502 Bad Gateway", "content-type: text/html\r\n", "<h1>502</h1>", {
    error_type: "server_error",
  }),
  refusal(13, "an empty body", "500 Oops", "", "", { error_type: "server_error" }),
  refusal(
    13,
    "compressed JSON",
    "400 Bad Request",
    `${jsonType}content-encoding: gzip\r\n`,
    zlib.gzipSync('{"error":{"message":"no such model"}}'),
    { error_type: "invalid_request", error_message: "no such model" },
  ),
  refusal(13, "half a JSON object", "503 Overloaded", jsonType, '{"error":{"mess', { error_type: "overloaded" }),
];

const partial = delta("Hello");
const brokenStreams: readonly FaultCase[] = [
  ...(
    [
      ["reset, chunked", eventsHead, chunkOf(partial), "reset"],
      ["closed, chunked", eventsHead, chunkOf(partial), "end"],
      ["closed, within a chunk", eventsHead, chunkOf(partial + partial).subarray(0, partial.length + 4 + 10), "end"],
      ["closed, shorter than its length", streamHead("content-length: 9999"), partial, "end"],
      ["a broken chunk", eventsHead, Buffer.concat([chunkOf(partial), Buffer.from("zz\r\n")]), "end"],
    ] as const
  ).map(
    ([name, head, bytes, end]): FaultCase => ({
      about: 14,
      name,
      client: [post(chatPath, askStream)],
      provider: [[head, bytes, { pauseMs: 40 }, end]],
      sees: {
        statuses: [200],
        body: name === "a broken chunk" ? chunkOf(partial).toString() : "verbatim",
        ends: "end",
      },
      gets: { bodies: [askStream], connections: 1, isLetGo: true },
      record: { status: "cut", error_type: "upstream_cut", http_status: 200 },
      said: "Hello",
    }),
  ),
  {
    about: 14,
    name: "reset, delimited by the connection's end: the client's breaks too, whose framing cannot say so",
    client: [post(chatPath, askStream).toString().replace("HTTP/1.1", "HTTP/1.0")],
    provider: [[streamHead("connection: close"), partial, { pauseMs: 40 }, "reset"]],
    sees: { statuses: [200], body: "verbatim", ends: "reset" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "cut", error_type: "upstream_cut" },
    said: "Hello",
  },
  {
    about: 14,
    name: "more than the told length: what is over is no answer to anybody",
    client: [post(chatPath, askWhole), { until: "choices" }, post(chatPath, askWhole)],
    provider: [[Buffer.concat([whole(chatAnswer), whole("poison")])], [whole(chatAnswer)]],
    sees: { statuses: [200, 200], body: /^(?!.*poison)/s, ends: "stays" },
    gets: { bodies: [askWhole, askWhole], connections: 2 },
    record: { status: "ok", ...usageOfChat },
  },
  {
    about: 14,
    name: "reset before the head",
    client: [post(chatPath, askStream)],
    provider: [[{ pauseMs: 20 }, "reset"]],
    sees: { statuses: [502], body: /UPSTREAM_CUT/, ends: "stays" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "error", error_type: "upstream_cut", http_status: 502 },
  },
  {
    about: 14,
    name: "ends in good order without its last event: nothing is added",
    client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
    provider: [[eventsHead, chunkOf(partial), lastChunk]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "cut", error_type: "stream_incomplete", http_status: 200 },
    said: "Hello",
  },
  {
    about: 14,
    name: "Anthropic's ends without `message_stop`",
    client: [post("/anthropic/v1/messages", askClaude), { until: "\r\n0\r\n\r\n" }],
    provider: [[eventsHead, chunkOf(claudeStart + claudeText), lastChunk]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askClaude], connections: 1 },
    record: { status: "cut", error_type: "stream_incomplete", input_tokens: 1104, output_tokens: 1 },
  },
  {
    about: 14,
    name: "an error frame inside 200, as OpenAI and vLLM send it",
    client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
    provider: [
      [
        eventsHead,
        chunkOf(`${partial}data: {"error":{"message":"The server had an error","type":"x"}}\n\n`),
        lastChunk,
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "error", error_type: "stream_error", error_message: "The server had an error", http_status: 200 },
    said: "Hello",
  },
  {
    about: 14,
    name: "an error event inside 200, as Anthropic sends it",
    client: [post("/anthropic/v1/messages", askClaude), { until: "\r\n0\r\n\r\n" }],
    provider: [
      [
        eventsHead,
        chunkOf(
          claudeStart + claudeEvent({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
        ),
        lastChunk,
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askClaude], connections: 1 },
    record: { status: "error", error_type: "stream_error", error_message: "Overloaded", input_tokens: 1104 },
  },
  {
    about: 14,
    name: "an error line inside 200, as Ollama sends it",
    client: [post("/ollama/api/chat", '{"model":"llama3"}'), { until: "\r\n0\r\n\r\n" }],
    provider: [
      [
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n",
        chunkOf('{"model":"llama3","message":{"role":"assistant","content":"Hel"},"done":false}\n'),
        chunkOf('{"error":"model runner has stopped"}\n'),
        lastChunk,
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: ['{"model":"llama3"}'], connections: 1 },
    record: { status: "error", error_type: "stream_error", error_message: "model runner has stopped" },
  },
  {
    about: 14,
    name: "an error object with 200, no stream",
    client: [post(chatPath, askWhole), { until: "nope" }],
    provider: [[whole('{"error":{"message":"nope","type":"server_error"}}')]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askWhole], connections: 1 },
    record: { status: "error", error_type: "stream_error", error_message: "nope", http_status: 200 },
  },
  {
    about: 14,
    name: "HTTP/1.0 and delimited by its end: whole",
    client: [post(chatPath, askStream), { until: "[DONE]" }],
    provider: [["HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", chatStream, "end"]],
    sees: { statuses: [200], body: `${chunkOf(chatStream).toString()}${lastChunk}`, ends: "stays" },
    gets: { bodies: [askStream], connections: 1, isLetGo: true },
    record: { status: "ok", ...usageOfChat },
    said: text,
  },
];

const toolStream = [
  '{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}',
  '{"index":1,"id":"call_b","type":"function","function":{"name":"g","arguments":""}}',
  '{"index":0,"function":{"arguments":"{\\"a\\":"}}',
  '{"index":1,"function":{"arguments":"{\\"b\\":"}}',
  '{"index":1,"function":{"arguments":"2}"}}',
  '{"index":0,"function":{"arguments":"1}"}}',
]
  .map((call) => `data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"tool_calls":[${call}]}}]}\n\n`)
  .join("");
const claudeEnd = claudeEvent({
  type: "message_delta",
  delta: { stop_reason: "end_turn" },
  usage: { output_tokens: 9 },
});
const readings: readonly FaultCase[] = [
  {
    about: 15,
    name: "parallel calls that come interleaved pass as they are and are told apart",
    client: [post(chatPath, askStream), { until: "\r\n0\r\n\r\n" }],
    provider: [[eventsHead, chunkOf(toolStream + finish.replace('"stop"', '"tool_calls"') + usage + done), lastChunk]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askStream], connections: 1 },
    record: { status: "ok", finish_reason: "tool_call", ...usageOfChat },
  },
  {
    about: 16,
    name: "the last value wins, and cache counts may come with `message_delta`",
    client: [post("/anthropic/v1/messages", askClaude), { until: "\r\n0\r\n\r\n" }],
    provider: [
      [
        eventsHead,
        chunkOf(
          claudeStart +
            claudeText +
            claudeEnd.replace('"output_tokens":9', '"output_tokens":9,"cache_read_input_tokens":2000') +
            claudeEvent({ type: "message_stop" }),
        ),
        lastChunk,
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askClaude], connections: 1 },
    record: { status: "ok", output_tokens: 9, cache_read_tokens: 2000, input_tokens: 2104 },
  },
  {
    about: 17,
    name: "OpenAI's input includes what was cached, its output what was thought",
    client: [post(chatPath, askWhole), { until: "gpt-4o" }],
    provider: [
      [
        whole(
          '{"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":80},"completion_tokens_details":{"reasoning_tokens":30}}}',
        ),
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: [askWhole], connections: 1 },
    record: { status: "ok", input_tokens: 100, cache_read_tokens: 80, output_tokens: 50, reasoning_tokens: 30 },
  },
  {
    about: 17,
    name: "Gemini's output leaves thoughts out",
    client: [post("/gemini/v1beta/models/gemini-2.5-pro:generateContent", "{}"), { until: "usageMetadata" }],
    provider: [
      [
        whole(
          '{"candidates":[],"modelVersion":"gemini-2.5-pro","usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":80,"candidatesTokenCount":20,"thoughtsTokenCount":30}}',
        ),
      ],
    ],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: { bodies: ["{}"], connections: 1 },
    record: { status: "ok", input_tokens: 100, cache_read_tokens: 80, output_tokens: 50, reasoning_tokens: 30 },
  },
  {
    about: 20,
    name: "what is meant for the gateway ends there",
    client: [
      post(chatPath, askWhole, "x-weir-session: s1\r\nhelicone-auth: Bearer h\r\nx-portkey-api-key: p\r\n"),
      { until: "choices" },
    ],
    provider: [[whole(chatAnswer)]],
    sees: { statuses: [200], body: "verbatim", ends: "stays" },
    gets: {
      bodies: [askWhole],
      connections: 1,
      without: ["x-weir-session", "x-weir-key", "helicone-auth", "x-portkey-api-key"],
    },
    record: { status: "ok", session_id: "s1" },
  },
];

/** Each is judged from the client's side, from the provider's, and by what the record says. */
export const faultCases: readonly FaultCase[] = [
  ...leaving,
  ...usages,
  ...framings,
  ...compressions,
  ...expectations,
  ...uploads,
  ...hops,
  ...connections,
  ...deadlines,
  ...refusals,
  ...brokenStreams,
  ...readings,
];
