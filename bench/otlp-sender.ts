/**
 * Sends OTLP exports in a closed loop and reports to its parent what came of it. Its own process, so that it disturbs
 * nobody else's. Payloads are made once; each send only writes fresh ids into one, so each export is a new one.
 */
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { SpanCursor } from "@weir/otlp";
import { HttpConnection } from "./http-client.ts";
import type { SendOrder, SendResult } from "./ingest.ts";
import { quantiles } from "./quantiles.ts";
import { samplePayload } from "./span-payloads.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as SendOrder;
const target = new URL(order.url);
const latenciesMs: number[] = [];
let acknowledgedExports = 0;
let failed = 0;
let sends = 0;
let isRunning = true;

/** Sends the bytes; calls back with whether they were acknowledged. */
type Send = (payload: Buffer, done: (isAcknowledged: boolean) => void) => void;

/** Where the ids of a payload's span stand. */
interface IdPlaces {
  readonly traceId: number;
  readonly spanId: number;
  readonly responseId: number;
}

function idPlaces(payload: Buffer): IdPlaces[] {
  const cursor = new SpanCursor(["gen_ai.response.id"]);
  cursor.open(payload);
  const places: IdPlaces[] = [];
  while (cursor.next()) {
    const responseId = cursor.valueFrom[cursor.keyIds.indexOf(1)] as number;
    places.push({ traceId: cursor.traceIdFrom, spanId: cursor.spanIdFrom, responseId });
  }
  return places;
}

/** Other ids in each place than in any send before. */
function renewIds(payload: Buffer, places: readonly IdPlaces[], connection: number, send: number): void {
  const sendDigits = send.toString(16).padStart(8, "0");
  places.forEach(({ traceId, spanId, responseId }, index) => {
    payload.writeUInt32LE(send, traceId + 8);
    payload.writeUInt32LE(connection * 1_000_000 + index, traceId + 12);
    payload.writeUInt32LE(send, spanId);
    payload.writeUInt32LE(connection * 1_000_000 + index, spanId + 4);
    payload.write(sendDigits, responseId + "chatcmpl-".length, "latin1");
  });
}

function overHttp(): Send {
  const connection = new HttpConnection(target.hostname, Number(target.port));
  let whole = Buffer.alloc(0);
  return (payload, done) => {
    const body = order.kind === "gzip" ? gzipSync(payload, { level: 1 }) : payload;
    const head = `POST /v1/traces HTTP/1.1\r\nhost: ${target.host}\r\ncontent-type: application/x-protobuf\r\n${order.kind === "gzip" ? "content-encoding: gzip\r\n" : ""}content-length: ${body.length}\r\nx-api-key: ${order.apiKey}\r\n\r\n`;
    if (whole.length !== head.length + body.length) whole = Buffer.allocUnsafe(head.length + body.length);
    whole.write(head, "latin1");
    whole.set(body, head.length);
    connection.send(whole, (timing) => done(timing?.status === 200));
  };
}

function overGrpc(): Send {
  const session = connectHttp2(order.url);
  session.on("error", () => {});
  return (payload, done) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      "content-type": "application/grpc",
      te: "trailers",
      "x-api-key": order.apiKey,
    });
    let status = "";
    const take = (headers: Record<string, unknown>) => {
      status ||= String(headers["grpc-status"] ?? "");
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("error", () => {});
    stream.on("close", () => done(status === "0"));
    stream.resume();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(payload.length, 1);
    stream.write(prefix);
    stream.end(payload);
  };
}

function startConnection(number: number): Promise<void> {
  const send = order.kind === "grpc" ? overGrpc() : overHttp();
  const payload = samplePayload(order.spansPerExport, number + 1);
  const places = idPlaces(payload);
  return new Promise((ended) => {
    const turn = () => {
      if (!isRunning) return ended();
      sends += 1;
      renewIds(payload, places, number, sends);
      const startedMs = performance.now();
      send(payload, (isAcknowledged) => {
        if (isAcknowledged) {
          acknowledgedExports += 1;
          latenciesMs.push(performance.now() - startedMs);
        } else failed += 1;
        if (isAcknowledged) turn();
        else setTimeout(turn, 100);
      });
    };
    turn();
  });
}

const startedMs = performance.now();
const all = Array.from({ length: order.connections }, (_, number) => startConnection(number));
setTimeout(() => {
  isRunning = false;
}, order.seconds * 1000);
await Promise.all(all);
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage();
const result: SendResult = {
  acknowledgedSpans: acknowledgedExports * order.spansPerExport,
  failedExports: failed,
  seconds,
  latencyMs: quantiles(latenciesMs),
  cpuSeconds: (user + system) / 1e6,
};
process.send?.(result, () => process.exit(0));
