import { billedKinds, type SpanRow, type StoredCall } from "@weir/model";
import type { BlockColumns } from "../../blocks/block-columns.ts";
import { readBlocks } from "../../blocks/block-reader.ts";
import { createBlockWriter } from "../../blocks/block-writer.ts";
import { becomeDuplicate } from "../../normalize/duplicates.ts";
import { type CallSource, type CallTraits, idsOfCall, SeenCalls } from "./seen-calls.ts";

const kindNumbers = new Map([...billedKinds].map((kind, index) => [kind, index + 1]));

/**
 * Finds records of calls that another record tells of already: the gateway's and an SDK's, those of two exports. Rows
 * come in the order in which they are to be stored; the later record becomes a step, which nothing bills or counts.
 */
export class RepeatedCalls {
  readonly #seen: SeenCalls;
  readonly #traits: CallTraits = { ...noTraits };
  /** Memory for those of a block. */
  #ids: Int32Array = noIds;

  constructor(limit: number) {
    this.#seen = new SeenCalls(limit);
  }

  /** Remembers calls of before this process. */
  remember(calls: Iterable<StoredCall>): void {
    for (const call of calls) this.#seen.meet(traitsOf(call));
  }

  /** Of a block of spans whose columns were read up to `response_id` or further: it with later records marked, the very block when it has none; and how many it has. */
  mark(columns: BlockColumns): { block: Uint8Array; count: number } {
    const block = columns.bytes;
    const repeated = this.#find(columns);
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
  #find(columns: BlockColumns): Map<number, string> {
    const repeated = new Map<number, string>();
    const kinds = new ReadTexts(columns, "kind", kindAt);
    const calls = new RowTraits(columns, this.#ids);
    // First the ids of all calls, then what is known of them: the looks wait for memory together and not in turn.
    let count = 0;
    for (let row = 0; row < columns.rowCount; row++) {
      const kind = kinds.at(row);
      if (kind !== 0) calls.readIds(row, kind, count++);
    }
    this.#seen.bringNear(calls.ids, count);
    let index = 0;
    for (let row = 0; row < columns.rowCount; row++) {
      const kind = kinds.at(row);
      if (kind === 0) continue;
      const spanId = this.#seen.meet(calls.read(row, kind, index++, this.#traits));
      if (spanId !== undefined) repeated.set(row, spanId);
    }
    this.#ids = calls.ids.length <= mostKeptIds ? calls.ids : noIds;
    return repeated;
  }
}

const noIds: Int32Array = new Int32Array(0);
/** Of a block with more calls the memory for their ids is not kept. */
const mostKeptIds = idsOfCall * 16_384;

/** By length and first letter: llm, embedding, reranker and no other kind of a span. */
function kindAt(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length !== 3 && length !== 8 && length !== 9) return 0;
  return kindNumbers.get(bytes.toString("latin1", from, to)) ?? 0;
}

/** What is made of a column's texts. Rows that share a label's place, as most do with the row before, share the value. */
class ReadTexts<Value> {
  readonly #bytes: Buffer;
  readonly #places: Uint32Array;
  readonly #read: (bytes: Buffer, from: number, to: number) => Value;
  #from = -1;
  #to = -1;
  #last: Value | undefined;

  constructor(columns: BlockColumns, name: string, read: (bytes: Buffer, from: number, to: number) => Value) {
    this.#bytes = columns.bytes;
    this.#places = columns.textsOf(name);
    this.#read = read;
  }

  at(row: number): Value {
    const from = this.#places[row * 2] as number;
    const to = this.#places[row * 2 + 1] as number;
    if (from !== this.#from || to !== this.#to) {
      this.#last = this.#read(this.#bytes, from, to);
      this.#from = from;
      this.#to = to;
    }
    return this.#last as Value;
  }
}

/** Reads the traits of calls out of a block's columns. */
class RowTraits {
  /** By call, the numbers that it is looked up by; see `idsOfCall`. */
  readonly ids: Int32Array;
  readonly #bytes: Buffer;
  readonly #projects: ReadTexts<number>;
  readonly #models: ReadTexts<number>;
  readonly #sources: ReadTexts<CallSource>;
  readonly #failures: ReadTexts<boolean>;
  readonly #answers: Uint32Array;
  readonly #traceIds: DataView;
  readonly #spanIds: DataView;
  readonly #parentIds: DataView;
  readonly #starts: DataView;
  readonly #durations: DataView;
  readonly #inputNulls: Buffer;
  readonly #outputNulls: Buffer;

  constructor(columns: BlockColumns, ids: Int32Array) {
    const dataOf = (name: string, type: string) => viewOf(columns.dataOf(name, type));
    this.ids = ids.length >= columns.rowCount * idsOfCall ? ids : new Int32Array(columns.rowCount * idsOfCall);
    this.#bytes = columns.bytes;
    this.#projects = new ReadTexts(columns, "project_id", unseededHashOf);
    this.#models = new ReadTexts(columns, "request_model", unseededHashOf);
    this.#sources = new ReadTexts(columns, "source", (...text) => sourceOf(latin1(...text)));
    this.#failures = new ReadTexts(columns, "status", (...text) => latin1(...text) === "error");
    this.#answers = columns.textsOf("response_id");
    this.#traceIds = dataOf("trace_id", "FixedString(16)");
    this.#spanIds = dataOf("span_id", "FixedString(8)");
    this.#parentIds = dataOf("parent_span_id", "FixedString(8)");
    this.#starts = dataOf("start_time", "DateTime64(9, 'UTC')");
    this.#durations = dataOf("duration_ns", "UInt64");
    this.#inputNulls = columns.dataOf("input_tokens", "Nullable(UInt32)");
    this.#outputNulls = columns.dataOf("output_tokens", "Nullable(UInt32)");
  }

  readIds(row: number, kind: number, index: number): void {
    const project = this.#projects.at(row);
    const from = this.#answers[row * 2] as number;
    const to = this.#answers[row * 2 + 1] as number;
    putTrace(this.ids, index * idsOfCall, project, this.#traceIds, row * 16);
    putAnswer(this.ids, index * idsOfCall, project ^ kind, this.#bytes, from, to);
  }

  /** `index`: at which the ids were read. */
  read(row: number, kind: number, index: number, traits: CallTraits): CallTraits {
    setIds(traits, this.ids, index * idsOfCall);
    traits.spanHigh = this.#spanIds.getInt32(row * 8, true);
    traits.spanLow = this.#spanIds.getInt32(row * 8 + 4, true);
    traits.parentHigh = this.#parentIds.getInt32(row * 8, true);
    traits.parentLow = this.#parentIds.getInt32(row * 8 + 4, true);
    traits.model = this.#models.at(row);
    traits.kind = kind;
    traits.startMs = millisecondsAt(this.#starts, row * 8);
    traits.endMs = traits.startMs + millisecondsAt(this.#durations, row * 8);
    traits.source = this.#sources.at(row);
    traits.isFailed = this.#failures.at(row);
    traits.knowsUsage = this.#inputNulls[row] === 0 || this.#outputNulls[row] === 0;
    return traits;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
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
  const ids = new Int32Array(idsOfCall);
  putTrace(ids, 0, projectHash, viewOf(Buffer.from(call.trace_id, "hex")), 0);
  putAnswer(ids, 0, projectHash ^ kind, answer, 0, answer.length);
  setIds(traits, ids, 0);
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
function millisecondsAt(bytes: DataView, at: number): number {
  return (bytes.getInt32(at + 4, true) * 2 ** 32 + bytes.getUint32(at, true)) / 1e6;
}

/** Trace ids are random in their last eight bytes; who chooses others chooses them for a project of his own. */
function putTrace(ids: Int32Array, place: number, project: number, bytes: DataView, at: number): void {
  const third = bytes.getInt32(at + 8, true);
  ids[place] = third ^ Math.imul(project ^ bytes.getInt32(at, true), 0x9e37_79b1);
  // All of the id: of those that count somewhere else than at their end, many would share a slot and be compared in turn.
  const rest = Math.imul(bytes.getInt32(at + 4, true), 0x85eb_ca6b) ^ Math.imul(third, 0x2745_937f);
  ids[place + 1] = mixed(bytes.getInt32(at + 12, true) ^ rest);
}

/** Two hashes of the answer's id; 0 and 0 without one. */
function putAnswer(ids: Int32Array, place: number, seed: number, bytes: Buffer, from: number, to: number): void {
  let high = seed ^ 0x811c_9dc5;
  let low = 0x5bd1_e995 ^ 0x811c_9dc5;
  for (let at = from; at < to; at++) {
    high = Math.imul(high ^ (bytes[at] as number), 0x0100_0193);
    low = Math.imul(low ^ (bytes[at] as number), 0x0100_0193);
  }
  ids[place + 2] = from === to ? 0 : finished(high, to - from);
  ids[place + 3] = from === to ? 0 : finished(low, to - from);
}

function setIds(traits: CallTraits, ids: Int32Array, place: number): void {
  traits.traceHigh = ids[place] as number;
  traits.traceLow = ids[place + 1] as number;
  traits.answerHigh = ids[place + 2] as number;
  traits.answerLow = ids[place + 3] as number;
}

function unseededHashOf(bytes: Buffer, from: number, to: number): number {
  return hashOf(bytes, from, to, 0);
}

function hashOf(bytes: Buffer, from: number, to: number, seed: number): number {
  let hash = seed ^ 0x811c_9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
  return finished(hash, to - from);
}

function finished(hash: number, length: number): number {
  return mixed(hash ^ Math.imul(length, 0xc2b2_ae35));
}

function mixed(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return value ^ (value >>> 16);
}
