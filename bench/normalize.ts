/**
 * From the bytes of an export to a block of rows: straight from the bytes, and by way of plain spans and rows.
 *
 *   node bench/normalize.ts [--spans 500] [--rounds 200] [--only bytes]
 */
import { parseArgs } from "node:util";
import { projectId } from "@weir/model";
import { SpanCursor } from "@weir/otlp";
import { createBlockWriter, ExportWriter, normalizeSpans } from "@weir/pipeline";
import { samplePayload } from "./span-payloads.ts";

const { values } = parseArgs({
  options: {
    spans: { type: "string", default: "500" },
    rounds: { type: "string", default: "200" },
    only: { type: "string", default: "" },
  },
});
const spanCount = Number(values.spans);
const rounds = Number(values.rounds);
const payload = samplePayload(spanCount);
const context = { projectId: projectId("bench") };
const cursor = new SpanCursor();
const blocks = createBlockWriter("spans");
const writer = new ExportWriter({ maxExportItems: spanCount });
let blockBytes = 0;

const ways: Record<string, () => void> = {
  "walk with the cursor": () => {
    cursor.open(payload);
    while (cursor.next()) blockBytes += cursor.attributeCount;
  },
  "bytes to block": () => {
    blockBytes += writer.write(payload, context, "").batch?.block.length ?? 0;
  },
  "by plain spans and rows": () => {
    cursor.open(payload);
    const spans = [];
    while (cursor.next()) spans.push(cursor.span());
    for (const row of normalizeSpans(spans, context)) blocks.append(row);
    blockBytes += blocks.finish().block.length;
  },
};

console.log(`${spanCount} spans, ${(payload.length / spanCount).toFixed(0)} bytes each, ${rounds} rounds`);
for (const [name, way] of Object.entries(ways)) {
  if (!name.includes(values.only)) continue;
  for (let round = 0; round < rounds / 4; round++) way();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) way();
  const { user, system } = process.cpuUsage(before);
  console.log(`${name.padEnd(24)} ${((user + system) / (spanCount * rounds)).toFixed(2)} CPU µs a span`);
}
if (blockBytes === 0) throw new Error("Nothing was written.");
