/**
 * What looking for secrets costs where there are none, beside the least that a look at every byte can cost: the
 * runtime's own search for one byte, and a plain loop that adds them up, in the same rounds. Then what personal data costs besides, and what a secret in
 * every tenth row does.
 *
 *   node bench/redaction.ts [--spans 1000] [--rounds 10]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { newSpanRow, projectId, type SpanRow, silentTelemetry } from "@weir/model";
import { type Batch, createBlockWriter, ExportWriter, Redaction, RedactStep, redactionConfig } from "@weir/pipeline";
import { median } from "./quantiles.ts";
import { samplePayload } from "./span-payloads.ts";
import { markdownTable } from "./tables.ts";

const { values } = parseArgs({
  options: { spans: { type: "string", default: "1000" }, rounds: { type: "string", default: "10" } },
});
const spanCount = Number(values.spans);
const rounds = Number(values.rounds);
const project = projectId("bench");
const page = readFileSync(new URL("../docs/query-language.md", import.meta.url), "utf8");
const code = readFileSync(new URL("../pipeline/blocks/column-writers.ts", import.meta.url), "utf8");
const key = `sk-proj-${"aB3dE5fG7h".repeat(4)}`;

function blockOf(content: (index: number) => string): Batch {
  const writer = createBlockWriter("spans");
  for (let index = 0; index < spanCount; index++) {
    const row: SpanRow = newSpanRow(project, "gateway", 5n);
    row.input = JSON.stringify({ messages: [{ role: "user", content: content(index) }] });
    writer.append(row);
  }
  return writer.finish();
}

function part(text: string, index: number): string {
  const from = (index * 997) % (text.length - 1500);
  return text.slice(from, from + 1500);
}

const spans = new ExportWriter({ maxExportItems: spanCount }).write(
  samplePayload(spanCount),
  { projectId: project },
  "",
).batch;
if (spans === undefined) throw new Error("There are no spans.");
const blocks: Record<string, Batch> = {
  "OTLP spans": spans,
  "prose in JSON": blockOf((index) => part(page, index)),
  "code in JSON": blockOf((index) => part(code, index)),
  "Base64 in JSON": blockOf((index) => Buffer.from(part(page, index)).toString("base64")),
  "a secret in every tenth row": blockOf((index) =>
    index % 10 === 0 ? `${part(page, index)} ${key}` : part(page, index),
  ),
};
const byDefault = new RedactStep(new Redaction(redactionConfig.parse({})), silentTelemetry);
const personal = new RedactStep(new Redaction(redactionConfig.parse({ personal: ["all"] })), silentTelemetry);

let sink = 0;
const ways: readonly ((batch: Batch) => void)[] = [
  ({ block }) => {
    // A byte that no text has.
    sink += Buffer.from(block.buffer, block.byteOffset, block.byteLength).indexOf(0xff);
  },
  ({ block }) => {
    let sum = 0;
    for (let index = 0; index < block.length; index++) sum += block[index] as number;
    sink += sum;
  },
  (batch) => {
    sink += byDefault.onBatch(batch).block.length;
  },
  (batch) => {
    sink += personal.onBatch(batch).block.length;
  },
];

/** CPU time in ns for each KiB of the block, by way: medians over rounds that take turns. */
function measure(batch: Batch): number[] {
  const times: number[][] = ways.map(() => []);
  for (let round = -4; round < rounds; round++) {
    ways.forEach((way, index) => {
      const before = process.cpuUsage();
      way(batch);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times[index]?.push((((user + system) * 1000) / batch.block.length) * 1024);
    });
  }
  return times.map(median);
}

const rows = Object.entries(blocks).map(([name, batch]) => {
  const [bare = 0, plain = 0, secrets = 0, all = 0] = measure(batch);
  const rate = (1024 / secrets) * 1000;
  return [
    name,
    `${(batch.block.length / 1e6).toFixed(1)} MB`,
    `${bare.toFixed(0)} ns/KB`,
    `${plain.toFixed(0)} ns/KB`,
    `${secrets.toFixed(0)} ns/KB`,
    `${rate.toFixed(0)} MB/s`,
    `${all.toFixed(0)} ns/KB`,
  ];
});
console.log(
  markdownTable(["block", "size", "one byte sought", "bytes summed", "secrets", "secrets", "and personal data"], rows),
);
if (sink === 0) throw new Error("Nothing was measured.");
