import { setImmediate as yieldToEvents } from "node:timers/promises";
import {
  encodeLogs,
  encodeMetrics,
  encodeTraces,
  type LogRecord,
  logsTree,
  type Metric,
  metricsTree,
  type RequestTree,
  type Signal,
  type Span,
  type Spelling,
  tracesTree,
} from "@weir/otlp";

/** So many are encoded in one go: a call that comes meanwhile waits for no more. */
const sliceLength = 16;

interface Encoding<Item> {
  readonly bytes: (items: readonly Item[]) => Buffer;
  readonly tree: (items: readonly Item[]) => RequestTree;
}

const spans: Encoding<Span> = { bytes: encodeTraces, tree: tracesTree };
const logs: Encoding<LogRecord> = { bytes: encodeLogs, tree: logsTree };
const metrics: Encoding<Metric> = { bytes: encodeMetrics, tree: metricsTree };
const encodings = { traces: spans, logs, metrics };

/** What is sent of each signal. */
export interface SignalItem {
  readonly traces: Span;
  readonly logs: LogRecord;
  readonly metrics: Metric;
}

/** An export request of these items. Other work of the process gets its turn between slices. */
export async function encodeBatch<Name extends Signal>(
  signal: Name,
  items: readonly SignalItem[Name][],
  spelling: Spelling,
): Promise<Buffer> {
  const encoding = encodings[signal] as unknown as Encoding<SignalItem[Name]>;
  const slices: Buffer[] = [];
  let key = "";
  for (let from = 0; from < items.length; from += sliceLength) {
    if (from > 0) await yieldToEvents();
    const slice = items.slice(from, from + sliceLength);
    if (spelling === "protobuf") {
      slices.push(encoding.bytes(slice));
      continue;
    }
    const [[name, sections]] = Object.entries(encoding.tree(slice)) as [[string, unknown]];
    key = name;
    slices.push(Buffer.from(JSON.stringify(sections).slice(1, -1)));
  }
  // Protobuf messages that follow each other add up to one; JSON lists are joined.
  if (spelling === "protobuf") return Buffer.concat(slices);
  return Buffer.from(`{${JSON.stringify(key)}:[${slices.join(",")}]}`);
}
