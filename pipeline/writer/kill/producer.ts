/**
 * Run by the kill test: appends rows and announces calls as fast as it can until it is killed. Each line it prints
 * is something that it was promised: `row NAME` (acknowledged), `open NAME` (announced), `closed NAME` (its row was
 * acknowledged). Arguments: directory, producer, prefix of the names.
 */

import { writeSync } from "node:fs";
import { defaultProjectId, newSpanRow, silentTelemetry } from "@weir/model";
import { createBlockWriter, openJournal } from "../../index.ts";

const [directory = "", producer = "", prefix = ""] = process.argv.slice(2);
const journal = await openJournal({ directory, producer, telemetry: silentTelemetry, segmentBytes: 300_000 });
const blocks = createBlockWriter("spans");
const promised = (line: string) => writeSync(1, `${line}\n`);
const rowNamed = (name: string) => ({ ...newSpanRow(defaultProjectId, "gateway", 1n), name });
let callNumber = 0;

async function appendRows(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const names = [0, 1, 2].map((index) => `${prefix}-${lane}-${count}-${index}`);
    for (const name of names) blocks.append({ ...rowNamed(name), input: "x".repeat((count % 7) * 300) });
    await journal.consume(blocks.finish());
    for (const name of names) promised(`row ${name}`);
  }
}

async function makeCalls(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const call = { callNumber: ++callNumber, row: rowNamed(`${prefix}-call-${lane}-${count}`) };
    await journal.announce([call]);
    promised(`open ${call.row.name}`);
    // Every third stays open until the end.
    if (count % 3 === 2 && count < 30) continue;
    blocks.append(call.row);
    await journal.consume(blocks.finish([call.callNumber]));
    promised(`closed ${call.row.name}`);
  }
}

await Promise.all([1, 2, 3, 4].flatMap((lane) => [appendRows(lane), makeCalls(lane)]));
