/**
 * Decoding OTLP traces: our cursor, our plain objects, and protobufjs with the official .proto files, one after the
 * other over the same bytes.
 *
 *   node bench/otlp-decode.ts [--spans 500] [--rounds 200]
 */
import { parseArgs } from "node:util";
import { SpanCursor } from "@weir/otlp";
import { oracleType } from "@weir/otlp/testing";
import { samplePayload } from "./span-payloads.ts";

const { values } = parseArgs({
  options: { spans: { type: "string", default: "500" }, rounds: { type: "string", default: "200" } },
});
const spanCount = Number(values.spans);
const rounds = Number(values.rounds);

const payload = samplePayload(spanCount);
const cursor = new SpanCursor();
const oracle = oracleType("traces");
let made = 0;

const decoders: Record<string, () => void> = {
  "walk with the cursor": () => {
    cursor.open(payload);
    while (cursor.next()) made += cursor.attributeCount;
  },
  "cursor to plain spans": () => {
    cursor.open(payload);
    while (cursor.next()) made += cursor.span().name.length;
  },
  protobufjs: () => {
    made += (oracle.decode(payload) as unknown as { resourceSpans: unknown[] }).resourceSpans.length;
  },
};

console.log(`${spanCount} spans, ${(payload.length / spanCount).toFixed(0)} bytes each, ${rounds} rounds`);
for (const [name, decode] of Object.entries(decoders)) {
  for (let round = 0; round < rounds / 4; round++) decode();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  for (let round = 0; round < rounds; round++) decode();
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  const decoded = spanCount * rounds;
  console.log(
    `${name.padEnd(24)} ${Math.round(decoded / seconds).toLocaleString("en-US")} spans/s, ${((user + system) / decoded).toFixed(2)} CPU s/1M`,
  );
}
if (made === 0) throw new Error("Nothing was decoded.");
