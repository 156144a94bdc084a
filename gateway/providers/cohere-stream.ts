import type { ByteAllowance } from "../recording/capture.ts";
import { EscapedText, encodeAssembled } from "../recording/escaped-text.ts";
import {
  type Answer,
  emptyAnswer,
  isRecord,
  type Json,
  listOf,
  readError,
  recordOf,
  type StreamReading,
  textOf,
} from "./shape.ts";

type Members = Record<string, unknown>;

interface ToolCall {
  readonly members: Members;
  readonly name: Members;
  readonly arguments: EscapedText;
}

function parseEvent(data: Buffer, start: number, end: number): Members | undefined {
  const text = data.toString("utf8", start, end);
  if (text.trim() === "[DONE]") return undefined;
  const event: unknown = JSON.parse(text);
  return isRecord(event) ? event : undefined;
}

/** Streams of version 2's chat: typed events, each with a delta of the message. */
export class CohereChatStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #content = new Map<number, Members>();
  readonly #toolCalls = new Map<number, ToolCall>();
  readonly #citations: unknown[] = [];
  readonly #toolPlan: EscapedText;
  #head: Members = {};

  constructor(allowance: ByteAllowance, readWhole: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readWhole = readWhole;
    this.#toolPlan = new EscapedText(allowance);
  }

  read(data: Buffer, start: number, end: number): boolean {
    const event = parseEvent(data, start, end);
    if (event === undefined) return false;
    const delta = recordOf(event["delta"]);
    const message = recordOf(delta["message"]);
    const index = typeof event["index"] === "number" ? event["index"] : 0;
    switch (event["type"]) {
      case "message-start":
        this.#head = { id: event["id"] };
        this.answer.id = textOf(event["id"]);
        return false;
      case "content-start":
      case "content-delta":
        return this.#readContent(index, recordOf(message["content"]));
      case "tool-plan-delta":
        this.#toolPlan.appendText(textOf(message["tool_plan"]));
        return textOf(message["tool_plan"]) !== "";
      case "tool-call-start":
      case "tool-call-delta":
        return this.#readToolCall(index, message["tool_calls"]);
      case "citation-start":
        this.#keepCitations(message["citations"]);
        return false;
      case "message-end":
        this.#finish(delta);
        return false;
      default:
        if (event["type"] === undefined && event["message"] !== undefined) readError(event, this.answer);
        return false;
    }
  }

  assemble(): Buffer {
    const message: Members = { role: "assistant" };
    if (this.#content.size > 0) message["content"] = inOrder(this.#content);
    if (!this.#toolPlan.isEmpty) message["tool_plan"] = this.#toolPlan;
    if (this.#toolCalls.size > 0) message["tool_calls"] = inOrder(this.#toolCalls).map(toolCallOf);
    if (this.#citations.length > 0) message["citations"] = this.#citations;
    return encodeAssembled({ ...this.#head, message });
  }

  #readContent(index: number, piece: Json): boolean {
    let block = this.#content.get(index);
    if (block === undefined) {
      block = {};
      this.#content.set(index, block);
    }
    let hasContent = false;
    for (const [key, value] of Object.entries(piece)) {
      if ((key !== "text" && key !== "thinking") || typeof value !== "string") {
        block[key] = value;
        continue;
      }
      block["type"] ??= key;
      const known = block[key];
      const text = known instanceof EscapedText ? known : new EscapedText(this.#allowance);
      text.appendText(value);
      block[key] = text;
      if (value !== "") hasContent = true;
    }
    return hasContent;
  }

  /** The event carries one call, which some versions put into a list. */
  #readToolCall(index: number, raw: unknown): boolean {
    const piece = recordOf(Array.isArray(raw) ? raw[0] : raw);
    const { function: rawFunction, ...members } = piece;
    const { arguments: text, ...name } = recordOf(rawFunction);
    let call = this.#toolCalls.get(index);
    if (call === undefined) {
      call = { members: {}, name: {}, arguments: new EscapedText(this.#allowance) };
      this.#toolCalls.set(index, call);
    }
    Object.assign(call.members, members);
    Object.assign(call.name, name);
    call.arguments.appendText(textOf(text));
    return Object.keys(name).length > 0 || textOf(text) !== "";
  }

  #keepCitations(raw: unknown): void {
    for (const citation of Array.isArray(raw) ? raw : [raw]) {
      if (isRecord(citation) && this.#allowance.take(JSON.stringify(citation).length)) this.#citations.push(citation);
    }
  }

  #finish(delta: Json): void {
    this.isComplete = true;
    this.#head = { ...this.#head, finish_reason: delta["finish_reason"], usage: delta["usage"] };
    this.#readWhole(this.#head, this.answer);
    if (typeof delta["error"] === "string") this.answer.errorMessage = delta["error"];
  }
}

function inOrder<Value>(byIndex: ReadonlyMap<number, Value>): Value[] {
  return [...byIndex.entries()].sort((a, b) => a[0] - b[0]).map(([, value]) => value);
}

function toolCallOf(call: ToolCall): Members {
  return { type: "function", ...call.members, function: { ...call.name, arguments: call.arguments } };
}

/** Streams of version 1's chat and generate: lines (or events) of JSON; the last repeats the whole response. */
export class CohereV1Stream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #text: EscapedText;
  readonly #kept: Members = {};
  #response: Members | undefined;

  constructor(allowance: ByteAllowance, readWhole: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readWhole = readWhole;
    this.#text = new EscapedText(allowance);
  }

  read(data: Buffer, start: number, end: number): boolean {
    const event = parseEvent(data, start, end);
    if (event === undefined) return false;
    switch (event["event_type"]) {
      case "stream-start":
        this.#kept["generation_id"] = event["generation_id"];
        this.answer.id = textOf(event["generation_id"]);
        return false;
      case "text-generation":
        this.#text.appendText(textOf(event["text"]));
        return textOf(event["text"]) !== "";
      case "tool-calls-generation":
      case "citation-generation":
      case "search-queries-generation":
        return this.#keep(event);
      case "tool-calls-chunk":
        return true;
      case "stream-end":
        this.#finish(event);
        return false;
      default:
        if (event["event_type"] === undefined && event["message"] !== undefined) readError(event, this.answer);
        return false;
    }
  }

  assemble(): Buffer {
    if (this.#response === undefined) return encodeAssembled({ ...this.#kept, text: this.#text });
    // The response has all of it, but for servers that leave its text out.
    const hasText = textOf(this.#response["text"]) !== "" || Array.isArray(this.#response["generations"]);
    return encodeAssembled(hasText || this.#text.isEmpty ? this.#response : { ...this.#response, text: this.#text });
  }

  #keep(event: Members): boolean {
    for (const key of ["tool_calls", "citations", "search_queries"]) {
      const items = listOf(event[key]);
      if (items.length === 0 || !this.#allowance.take(JSON.stringify(items).length)) continue;
      const kept = this.#kept[key];
      if (Array.isArray(kept)) for (const item of items) kept.push(item);
      else this.#kept[key] = [...items];
    }
    return listOf(event["tool_calls"]).length > 0;
  }

  #finish(event: Members): void {
    this.isComplete = true;
    const response = recordOf(event["response"]);
    const whole: Members = { ...this.#kept, ...response };
    whole["finish_reason"] ??= event["finish_reason"];
    this.#readWhole(whole, this.answer);
    if (typeof event["error"] === "string") this.answer.errorMessage = event["error"];
    if (this.#allowance.take(JSON.stringify(response).length)) this.#response = whole;
    else this.#kept["finish_reason"] = whole["finish_reason"];
  }
}
