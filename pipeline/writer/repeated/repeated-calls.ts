import { billedKinds, type SpanRow, type StoredCall } from "@weir/model";
import { BlockColumns } from "../../blocks/block-columns.ts";
import { readBlocks } from "../../blocks/block-reader.ts";
import { createBlockWriter } from "../../blocks/block-writer.ts";
import { becomeDuplicate } from "../../normalize/duplicates.ts";
import { type CallSource, type CallTraits, SeenCalls } from "./seen-calls.ts";

const kindNumbers = new Map([...billedKinds].map((kind, index) => [kind, index + 1]));

/**
 * Finds records of calls that another record tells of already: the gateway's and an SDK's, those of two exports. Rows
 * come in the order in which they are to be stored; the later record becomes a step, which nothing bills or counts.
 */
export class RepeatedCalls {
  readonly #seen: SeenCalls;
  readonly #traits: CallTraits = { ...noTraits };

  constructor(limit: number) {
    this.#seen = new SeenCalls(limit);
  }

  /** Remembers calls of before this process. */
  remember(calls: Iterable<StoredCall>): void {
    for (const call of calls) this.#seen.meet(traitsOf(call));
  }

  /** The block of spans with later records marked, the very block when it has none; and how many it has. */
  mark(block: Uint8Array): { block: Uint8Array; count: number } {
    const repeated = this.#find(block);
    if (repeated.size === 0) return { block, count: 0 };
    const writer = createBlockWriter("spans");
    (readBlocks(block, "spans") as unknown as SpanRow[]).forEach((row, index) => {
      const spanId = repeated.get(index);
      if (spanId !== undefined) becomeDuplicate(row, spanId);
      writer.append(row);
    });
    return { block: writer.finish().block, count: repeated.size };
  }

  /** The rows that are later records, by number, and the span ids of the calls that they tell of. */
  #find(block: Uint8Array): Map<number, string> {
    const repeated = new Map<number, string>();
    const columns = new BlockColumns(block, "spans", "response_id");
    const kinds = columns.textsOf("kind");
    const calls = new RowTraits(columns);
    for (let row = 0; row < columns.rowCount; row++) {
      const kind = kindAt(columns.bytes, kinds[row * 2] as number, kinds[row * 2 + 1] as number);
      if (kind === 0) continue;
      const spanId = this.#seen.meet(calls.read(row, kind, this.#traits));
      if (spanId !== undefined) repeated.set(row, spanId);
    }
    return repeated;
  }
}

/** By length and first letter: llm, embedding, reranker and no other kind of a span. */
function kindAt(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length !== 3 && length !== 8 && length !== 9) return 0;
  return kindNumbers.get(bytes.toString("latin1", from, to)) ?? 0;
}

/** Reads the traits of calls out of a block's columns. */
class RowTraits {
  readonly #bytes: Buffer;
  readonly #projects: Uint32Array;
  readonly #sources: Uint32Array;
  readonly #models: Uint32Array;
  readonly #statuses: Uint32Array;
  readonly #answers: Uint32Array;
  readonly #traceIds: Buffer;
  readonly #spanIds: Buffer;
  readonly #parentIds: Buffer;
  readonly #starts: Buffer;
  readonly #durations: Buffer;
  readonly #inputNulls: Buffer;
  readonly #outputNulls: Buffer;

  constructor(columns: BlockColumns) {
    this.#bytes = columns.bytes;
    this.#projects = columns.textsOf("project_id");
    this.#sources = columns.textsOf("source");
    this.#models = columns.textsOf("request_model");
    this.#statuses = columns.textsOf("status");
    this.#answers = columns.textsOf("response_id");
    this.#traceIds = columns.dataOf("trace_id", "FixedString(16)");
    this.#spanIds = columns.dataOf("span_id", "FixedString(8)");
    this.#parentIds = columns.dataOf("parent_span_id", "FixedString(8)");
    this.#starts = columns.dataOf("start_time", "DateTime64(9, 'UTC')");
    this.#durations = columns.dataOf("duration_ns", "UInt64");
    this.#inputNulls = columns.dataOf("input_tokens", "Nullable(UInt32)");
    this.#outputNulls = columns.dataOf("output_tokens", "Nullable(UInt32)");
  }

  read(row: number, kind: number, traits: CallTraits): CallTraits {
    const bytes = this.#bytes;
    const project = this.#hash(this.#projects, row, 0);
    setTrace(traits, project, this.#traceIds, row * 16);
    traits.spanHigh = this.#spanIds.readInt32LE(row * 8);
    traits.spanLow = this.#spanIds.readInt32LE(row * 8 + 4);
    traits.parentHigh = this.#parentIds.readInt32LE(row * 8);
    traits.parentLow = this.#parentIds.readInt32LE(row * 8 + 4);
    setAnswer(traits, project, kind, bytes, this.#answers[row * 2] as number, this.#answers[row * 2 + 1] as number);
    traits.model = this.#hash(this.#models, row, 0);
    traits.kind = kind;
    traits.startMs = millisecondsAt(this.#starts, row * 8);
    traits.endMs = traits.startMs + millisecondsAt(this.#durations, row * 8);
    traits.source = sourceOf(this.#text(this.#sources, row));
    traits.isFailed = this.#text(this.#statuses, row) === "error";
    traits.knowsUsage = this.#inputNulls[row] === 0 || this.#outputNulls[row] === 0;
    return traits;
  }

  #text(places: Uint32Array, row: number): string {
    return this.#bytes.toString("latin1", places[row * 2], places[row * 2 + 1]);
  }

  #hash(places: Uint32Array, row: number, seed: number): number {
    return hashOf(this.#bytes, places[row * 2] as number, places[row * 2 + 1] as number, seed);
  }
}

const noTraits: CallTraits = {
  traceHigh: 0,
  traceLow: 0,
  spanHigh: 0,
  spanLow: 0,
  parentHigh: 0,
  parentLow: 0,
  answerHigh: 0,
  answerLow: 0,
  model: 0,
  kind: 0,
  startMs: 0,
  endMs: 0,
  source: "other",
  isFailed: false,
  knowsUsage: false,
};

function traitsOf(call: StoredCall): CallTraits {
  const traits = { ...noTraits };
  const [span, parent, answer] = [
    Buffer.from(call.span_id, "hex"),
    Buffer.from(call.parent_span_id, "hex"),
    Buffer.from(call.response_id),
  ];
  const [project, model] = [Buffer.from(call.project_id), Buffer.from(call.request_model)];
  const projectHash = hashOf(project, 0, project.length, 0);
  const kind = kindNumbers.get(call.kind) ?? 0;
  setTrace(traits, projectHash, Buffer.from(call.trace_id, "hex"), 0);
  setAnswer(traits, projectHash, kind, answer, 0, answer.length);
  return Object.assign(traits, {
    spanHigh: span.readInt32LE(0),
    spanLow: span.readInt32LE(4),
    parentHigh: parent.readInt32LE(0),
    parentLow: parent.readInt32LE(4),
    model: hashOf(model, 0, model.length, 0),
    kind,
    startMs: call.start_ms,
    endMs: call.end_ms,
    source: sourceOf(call.source),
    isFailed: call.status === "error",
    knowsUsage: call.input_tokens !== null || call.output_tokens !== null,
  });
}

function sourceOf(source: string): CallSource {
  return source === "gateway" || source === "rest" ? source : "other";
}

/** Of a 64-bit number of nanoseconds; what the fraction loses does not matter here. */
function millisecondsAt(bytes: Buffer, at: number): number {
  return (bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at)) / 1e6;
}

/** Trace ids are random in their last eight bytes; who chooses others chooses them for a project of his own. */
function setTrace(traits: CallTraits, project: number, bytes: Buffer, at: number): void {
  traits.traceHigh = bytes.readInt32LE(at + 8) ^ Math.imul(project ^ bytes.readInt32LE(at), 0x9e37_79b1);
  traits.traceLow = mixed(bytes.readInt32LE(at + 12) ^ Math.imul(bytes.readInt32LE(at + 4), 0x85eb_ca6b));
}

function setAnswer(traits: CallTraits, project: number, kind: number, bytes: Buffer, from: number, to: number): void {
  traits.answerHigh = from === to ? 0 : hashOf(bytes, from, to, project ^ kind);
  traits.answerLow = from === to ? 0 : hashOf(bytes, from, to, 0x5bd1_e995);
}

function hashOf(bytes: Buffer, from: number, to: number, seed: number): number {
  let hash = seed ^ 0x811c_9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
  return mixed(hash ^ Math.imul(to - from, 0xc2b2_ae35));
}

function mixed(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return value ^ (value >>> 16);
}
