import { ByteAllowance, CaptureBudget } from "../recording/capture.ts";
import { EscapedText, encodeAssembled, RawJson } from "../recording/escaped-text.ts";
import { type Answer, emptyAnswer, isRecord, readError, type StreamReading, textOf } from "./shape.ts";

type Members = Record<string, unknown>;

const typePrefix = Buffer.from('{"type":"');
const deltaSuffix = Buffer.from(".delta");
/** `response.done` is the realtime API's. */
const terminalTypes = new Set(["response.completed", "response.incomplete", "response.failed", "response.done"]);

/**
 * Streams of the Responses API. The last event repeats the whole response, so deltas are kept unread, and looked at
 * only when the stream breaks off before it.
 */
export class ResponsesStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readResponse: (body: Readonly<Members>, answer: Answer) => void;
  #kept: Buffer[] = [];
  #created: Members = {};
  #response: Buffer | undefined;

  constructor(allowance: ByteAllowance, readResponse: (body: Readonly<Members>, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readResponse = readResponse;
  }

  read(data: Buffer, start: number, end: number): boolean {
    if (this.isComplete) return false;
    const type = eventType(data, start, end);
    if (type === undefined) return this.#readUnordered(data, start, end);
    return this.#readTyped(type, data, start, end);
  }

  assemble(): Buffer {
    return this.#response ?? this.#assembleFromEvents();
  }

  /** The type is not the event's first member: find it the slow way. */
  #readUnordered(data: Buffer, start: number, end: number): boolean {
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") return false;
    const event: unknown = JSON.parse(text);
    if (!isRecord(event)) return false;
    if (typeof event["type"] === "string") return this.#readTyped(event["type"], data, start, end);
    readError(event, this.answer);
    return false;
  }

  #readTyped(type: string, data: Buffer, start: number, end: number): boolean {
    if (terminalTypes.has(type)) this.#finish(JSON.parse(data.toString("utf8", start, end)));
    else if (type === "response.created") this.#create(JSON.parse(data.toString("utf8", start, end)));
    else if (type === "error") readError(JSON.parse(data.toString("utf8", start, end)), this.answer);
    else if (type.endsWith(".delta") || type.startsWith("response.output_item.")) this.#keep(data, start, end);
    return type.endsWith(".delta") || type.endsWith(".partial_image");
  }

  #keep(data: Buffer, start: number, end: number): void {
    // The bytes are only lent, and a small part of a large read would hold on to all of it.
    if (this.#allowance.take(end - start)) this.#kept.push(Buffer.from(data.subarray(start, end)));
  }

  #create(event: Members): void {
    if (!isRecord(event["response"])) return;
    this.#created = event["response"];
    this.answer.id = textOf(this.#created["id"]);
    this.answer.model = textOf(this.#created["model"]) || this.answer.model;
  }

  #finish(event: Members): void {
    if (!isRecord(event["response"])) return;
    this.isComplete = true;
    for (const kept of this.#kept) this.#allowance.giveBack(kept.length);
    this.#kept = [];
    this.#readResponse(event["response"], this.answer);
    const response = Buffer.from(JSON.stringify(event["response"]));
    if (this.#allowance.take(response.length)) this.#response = response;
  }

  #assembleFromEvents(): Buffer {
    const items = new Map<number, Item>();
    for (const bytes of this.#kept) {
      const event = eventOf(bytes);
      if (event["type"] === undefined) continue;
      const index = typeof event["output_index"] === "number" ? event["output_index"] : 0;
      const item = items.get(index) ?? { members: {}, texts: new Map(), isWhole: false };
      items.set(index, item);
      addToItem(item, event);
    }
    const output = [...items.entries()].sort((a, b) => a[0] - b[0]).map(([, item]) => assembleItem(item));
    return encodeAssembled({ ...this.#created, output });
  }
}

// Its pieces were already counted when they were kept.
const unlimited = new ByteAllowance(Number.MAX_SAFE_INTEGER, new CaptureBudget(Number.MAX_SAFE_INTEGER));

/** One output item of a response that was not finished. */
interface Item {
  members: Members;
  /** Text by kind of delta and content index, in order of first appearance. */
  readonly texts: Map<string, { type: string; text: EscapedText }>;
  isWhole: boolean;
}

/** The event's type when it is the first member, as OpenAI writes it. Only deltas are worth the short way. */
function eventType(data: Buffer, start: number, end: number): string | undefined {
  const typeStart = start + typePrefix.length;
  if (typeStart >= end || data.compare(typePrefix, 0, typePrefix.length, start, typeStart) !== 0) return undefined;
  const typeEnd = data.indexOf(0x22, typeStart);
  if (typeEnd === -1 || typeEnd >= end) return undefined;
  return data.toString("latin1", typeStart, typeEnd);
}

/** A kept event; the last one of a broken stream may be cut off. */
function eventOf(bytes: Buffer): Members {
  try {
    return JSON.parse(bytes.toString()) as Members;
  } catch {
    return {};
  }
}

function addToItem(item: Item, event: Members): void {
  const type = textOf(event["type"]);
  if (type.startsWith("response.output_item.")) {
    if (isRecord(event["item"])) item.members = event["item"];
    item.isWhole = type.endsWith(".done");
    return;
  }
  const delta = event["delta"];
  if (typeof delta !== "string") return;
  const kind = type.slice("response.".length, -deltaSuffix.length);
  const key = `${kind}/${String(event["content_index"] ?? event["summary_index"] ?? 0)}`;
  let text = item.texts.get(key);
  if (text === undefined) {
    text = { type: kind, text: new EscapedText(unlimited) };
    item.texts.set(key, text);
  }
  text.text.appendText(delta);
}

function assembleItem(item: Item): unknown {
  if (item.isWhole) return item.members;
  const members: Members = { ...item.members };
  const content: Members[] = [];
  const summary: Members[] = [];
  for (const { type, text } of item.texts.values()) {
    if (type === "output_text" || type === "text") content.push({ type: "output_text", text, annotations: [] });
    else if (type.endsWith("audio_transcript")) content.push({ type: "output_audio", transcript: text });
    else if (type === "refusal") content.push({ type: "refusal", refusal: text });
    else if (type === "reasoning_text") content.push({ type: "reasoning_text", text });
    else if (type === "reasoning_summary_text") summary.push({ type: "summary_text", text });
    else if (type.endsWith("_arguments") || type === "mcp_call_arguments") members["arguments"] = text;
    else if (type === "custom_tool_call_input") members["input"] = text;
    else if (type.endsWith("_code")) members["code"] = text;
    else members[type] = text;
  }
  if (content.length > 0) members["content"] = content;
  if (summary.length > 0) members["summary"] = summary;
  return new RawJson(encodeAssembled(members));
}
