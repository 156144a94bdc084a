/**
 * Sends OTLP exports in a closed loop, or at a pace, and reports to its parent what came of it. Its own process, so that
 * it disturbs nobody else's. Payloads are made once; each send only writes fresh ids and times into one, so each export
 * is a new one. Ended early by SIGTERM, it waits for the answers and reports too.
 */
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { SpanCursor } from "@weir/otlp";
import { HttpConnection } from "./http-client.ts";
import type { SendOrder, SendResult } from "./otlp-load.ts";
import { quantiles } from "./quantiles.ts";
import { samplePayload } from "./span-payloads.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as SendOrder;
const target = new URL(order.url);
const toldTraceIds = 200;
const latenciesMs: number[] = [];
/** The first one of each acknowledged export. */
const traceIds: string[] = [];
let failed = 0;
let sends = 0;
let isRunning = true;

/** Sends the bytes; calls back with whether they were acknowledged. */
type Send = (payload: Buffer, done: (isAcknowledged: boolean) => void) => void;

/** Where the ids and times of a payload's span stand. */
interface SpanPlaces {
  readonly traceId: number;
  readonly spanId: number;
  readonly responseId: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly durationNs: bigint;
}

function spanPlaces(payload: Buffer): SpanPlaces[] {
  const cursor = new SpanCursor(["gen_ai.response.id"]);
  cursor.open(payload);
  const places: SpanPlaces[] = [];
  while (cursor.next()) {
    const { traceIdFrom: traceId, spanIdFrom: spanId, startTimeFrom: startTime, endTimeFrom: endTime } = cursor;
    const responseId = cursor.valueFrom[cursor.keyIds.indexOf(1)] as number;
    const durationNs = payload.readBigUInt64LE(endTime) - payload.readBigUInt64LE(startTime);
    places.push({ traceId, spanId, responseId, startTime, endTime, durationNs });
  }
  return places;
}

/** Other ids in each place than in any send before, and the time that it is, a microsecond from span to span. */
function renew(payload: Buffer, places: readonly SpanPlaces[], connection: number, send: number): void {
  const sendDigits = send.toString(16).padStart(8, "0");
  let startNs = BigInt(Date.now()) * 1_000_000n;
  places.forEach(({ traceId, spanId, responseId, startTime, endTime, durationNs }, index) => {
    payload.writeBigUInt64LE(startNs, startTime);
    payload.writeBigUInt64LE(startNs + durationNs, endTime);
    startNs += 1000n;
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

/** Milliseconds between the exports of one connection; 0: as soon as the last is answered. */
const intervalMs =
  order.spansPerSecond === undefined ? 0 : (order.connections * order.spansPerExport * 1000) / order.spansPerSecond;

function startConnection(number: number): Promise<void> {
  const send = order.kind === "grpc" ? overGrpc() : overHttp();
  const payload = samplePayload(order.spansPerExport, number + 1);
  const places = spanPlaces(payload);
  let dueMs = performance.now() + intervalMs * (number / order.connections - 1);
  return new Promise((ended) => {
    const turn = () => {
      if (!isRunning) return ended();
      sends += 1;
      renew(payload, places, number, sends);
      const startedMs = performance.now();
      send(payload, (isAcknowledged) => {
        if (isAcknowledged) {
          const traceIdFrom = places[0]?.traceId ?? 0;
          traceIds.push(payload.toString("hex", traceIdFrom, traceIdFrom + 16));
          latenciesMs.push(performance.now() - startedMs);
        } else failed += 1;
        wait(isAcknowledged ? 0 : 100);
      });
    };
    /** Until the next export is due, and as long as a refusal asks for. */
    const wait = (atLeastMs: number) => {
      dueMs += intervalMs;
      const waitMs = Math.max(atLeastMs, dueMs - performance.now());
      if (waitMs > 0) setTimeout(turn, waitMs);
      else turn();
    };
    wait(0);
  });
}

/** So many of them at most, evenly from first to last. */
function spread<T>(values: readonly T[], most: number): T[] {
  const step = Math.max(1, values.length / most);
  return Array.from({ length: Math.min(most, values.length) }, (_, index) => values[Math.floor(index * step)] as T);
}

function stop(): void {
  isRunning = false;
}

const startedMs = performance.now();
const all = Array.from({ length: order.connections }, (_, number) => startConnection(number));
setTimeout(stop, order.seconds * 1000);
process.once("SIGTERM", stop);
await Promise.all(all);
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage();
const result: SendResult = {
  acknowledgedSpans: traceIds.length * order.spansPerExport,
  failedExports: failed,
  traceIds: spread(traceIds, toldTraceIds),
  seconds,
  latencyMs: quantiles(latenciesMs),
  cpuSeconds: (user + system) / 1e6,
};
process.send?.(result, () => process.exit(0));
