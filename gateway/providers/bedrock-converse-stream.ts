import type { ByteAllowance } from "../recording/capture.ts";
import { EscapedText, encodeAssembled, RawJson } from "../recording/escaped-text.ts";
import {
  type Answer,
  emptyAnswer,
  growingList,
  isRecord,
  type Json,
  listOf,
  readError,
  recordOf,
  type StreamReading,
  textOf,
} from "./shape.ts";

type Members = Record<string, unknown>;

interface Block {
  readonly members: Members;
  readonly texts: Map<string, EscapedText>;
}

/** Events of a stream that say that it failed: their names are those of the service's exceptions. */
export const exceptionEnd = /(exception|error|failure)$/i;

/**
 * Streams of Converse, and of Nova through InvokeModel. In a Converse stream the event's name comes beside the data;
 * Nova's events are objects with the name as their one member.
 */
export class ConverseStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();

  readonly #allowance: ByteAllowance;
  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #blocks = new Map<number, Block>();
  #role = "assistant";
  #tail: Members = {};

  constructor(allowance: ByteAllowance, readWhole: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readWhole = readWhole;
  }

  /** The metadata with the usage comes last, but not from every model. */
  get isComplete(): boolean {
    return this.#tail["stopReason"] !== undefined;
  }

  read(data: Buffer, start: number, end: number, type: string): boolean {
    const event: unknown = JSON.parse(data.toString("utf8", start, end));
    return isRecord(event) && this.readEvent(event, type);
  }

  /** One parsed event; true when it carried content. */
  readEvent(event: Json, type: string): boolean {
    if (type === "" || type === "chunk") {
      let hasContent = false;
      for (const [name, value] of Object.entries(event)) {
        if (isRecord(value) && this.readEvent(value, name || "unnamed")) hasContent = true;
      }
      return hasContent;
    }
    switch (type) {
      case "messageStart":
        this.#role = textOf(event["role"]) || this.#role;
        return false;
      case "contentBlockStart":
        return this.#startBlock(event);
      case "contentBlockDelta":
        return this.#readDelta(event);
      case "messageStop":
        this.#takeTail(event, "stopReason", "additionalModelResponseFields");
        return false;
      case "metadata":
        this.#takeTail(event, "usage", "metrics", "trace", "performanceConfig", "serviceTier");
        return false;
      default:
        if (exceptionEnd.test(type)) this.#fail(event, type);
        return false;
    }
  }

  assemble(): Buffer {
    const blocks = [...this.#blocks.entries()].sort((a, b) => a[0] - b[0]).map(([, block]) => assembleBlock(block));
    return encodeAssembled({ output: { message: { role: this.#role, content: blocks } }, ...this.#tail });
  }

  #takeTail(event: Json, ...keys: readonly string[]): void {
    for (const key of keys) if (event[key] !== undefined) this.#tail[key] = event[key];
    this.#readWhole(this.#tail, this.answer);
  }

  #fail(event: Json, type: string): void {
    readError(event, this.answer);
    this.answer.errorType ||= type;
    this.answer.errorMessage ||= type;
  }

  #block(event: Json): Block {
    const index = typeof event["contentBlockIndex"] === "number" ? event["contentBlockIndex"] : 0;
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = { members: {}, texts: new Map() };
      this.#blocks.set(index, block);
    }
    return block;
  }

  #startBlock(event: Json): boolean {
    const start = recordOf(event["start"]);
    if (this.#allowance.take(JSON.stringify(start).length)) Object.assign(this.#block(event).members, start);
    return isRecord(start["toolUse"]);
  }

  #readDelta(event: Json): boolean {
    const block = this.#block(event);
    let hasContent = false;
    for (const [kind, value] of Object.entries(recordOf(event["delta"]))) {
      if (typeof value === "string") hasContent = this.#grow(block, kind, value) || hasContent;
      else if (kind === "toolUse")
        hasContent = this.#grow(block, "input", textOf(recordOf(value)["input"])) || hasContent;
      else if (kind === "reasoningContent") hasContent = this.#readReasoning(block, recordOf(value)) || hasContent;
      else if (kind === "citation") this.#cite(block, value);
      else if (kind === "toolResult") this.#readToolResult(block, value);
      else if (this.#allowance.take(JSON.stringify(value).length)) block.members[kind] = value;
    }
    return hasContent;
  }

  #readReasoning(block: Block, delta: Json): boolean {
    let hasContent = false;
    // Nova's own events have it one member deeper.
    const pieces = { ...delta, ...recordOf(delta["reasoningText"]) };
    for (const key of ["text", "signature", "redactedContent"]) {
      const piece = textOf(pieces[key]);
      if (this.#grow(block, `reasoning.${key}`, piece) && key === "text") hasContent = true;
    }
    return hasContent;
  }

  /** What a tool of Bedrock's own gave back: the start names the call, pieces of its text or JSON follow. */
  #readToolResult(block: Block, pieces: unknown): void {
    if (!this.#allowance.take(JSON.stringify(pieces).length)) return;
    const known = block.members["toolResult"];
    const result: Members = isRecord(known) ? known : {};
    const content = growingList(result, "content");
    for (const piece of listOf(pieces)) continueContent(content, piece);
    block.members["toolResult"] = result;
  }

  #cite(block: Block, citation: unknown): void {
    if (this.#allowance.take(JSON.stringify(citation).length)) growingList(block.members, "citations").push(citation);
  }

  #grow(block: Block, key: string, piece: string): boolean {
    if (piece === "") return false;
    let text = block.texts.get(key);
    if (text === undefined) {
      text = new EscapedText(this.#allowance);
      block.texts.set(key, text);
    }
    text.appendText(piece);
    return true;
  }
}

/** Adds a piece of a tool's result in place, as there may be very many: text goes on from the text before it. */
function continueContent(content: unknown[], piece: unknown): void {
  const last: unknown = content.at(-1);
  const { text } = recordOf(piece);
  if (isRecord(last) && typeof last["text"] === "string" && typeof text === "string") last["text"] += text;
  else content.push(piece);
}

function assembleBlock({ members, texts }: Block): Members {
  const { citations, ...rest } = members;
  const block: Members = { ...rest };
  const text = texts.get("text");
  if (citations !== undefined) block["citationsContent"] = { content: text === undefined ? [] : [{ text }], citations };
  else if (text !== undefined) block["text"] = text;
  if (isRecord(members["toolUse"])) block["toolUse"] = { ...members["toolUse"], input: toolInput(texts.get("input")) };
  const reasoning = reasoningOf(texts);
  if (reasoning !== undefined) block["reasoningContent"] = reasoning;
  return block;
}

function reasoningOf(texts: ReadonlyMap<string, EscapedText>): Members | undefined {
  const redactedContent = texts.get("reasoning.redactedContent");
  if (redactedContent !== undefined) return { redactedContent };
  const text = texts.get("reasoning.text");
  const signature = texts.get("reasoning.signature");
  if (text === undefined && signature === undefined) return undefined;
  return { reasoningText: { text: text ?? "", signature } };
}

/** The tool's input as JSON; a piece of JSON that was cut off is kept as text. */
export function toolInput(partialJson: EscapedText | undefined): unknown {
  const text = partialJson?.text() ?? "";
  if (text === "") return {};
  try {
    JSON.parse(text);
    return new RawJson(Buffer.from(text));
  } catch {
    return text;
  }
}
