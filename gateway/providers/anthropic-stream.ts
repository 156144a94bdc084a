import { ownValue } from "@weir/model";
import type { ByteAllowance } from "../recording/capture.ts";
import { DeltaTemplates } from "../recording/delta-templates.ts";
import { EscapedText, encodeAssembled, RawJson } from "../recording/escaped-text.ts";
import {
  type Answer,
  emptyAnswer,
  growingList,
  isRecord,
  readError,
  recordOf,
  type StreamReading,
  textOf,
} from "./shape.ts";

type Members = Record<string, unknown>;

interface Block {
  readonly members: Members;
  readonly texts: Members & Record<string, EscapedText>;
  readonly partialJson: EscapedText;
}

/** Which member of the block each kind of delta continues, and under which name the delta carries it. */
const growth: Readonly<Record<string, string>> = {
  text_delta: "text",
  thinking_delta: "thinking",
  input_json_delta: "partial_json",
};

/** Streams of the Messages API. Usage is cumulative: each field keeps its last value. */
export class MessagesStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readUsage: (raw: unknown, answer: Answer) => void;
  readonly #templates = new DeltaTemplates();
  readonly #blocks = new Map<number, Block>();
  readonly #usage: Members = {};
  #message: Members = {};

  constructor(allowance: ByteAllowance, readUsage: (raw: unknown, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readUsage = readUsage;
  }

  read(data: Buffer, start: number, end: number): boolean {
    const copied = this.#templates.apply(data, start, end);
    if (copied !== -1) return copied > 0;
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") return false;
    const event: unknown = JSON.parse(text);
    if (!isRecord(event)) return false;
    switch (event["type"]) {
      case "message_start":
        this.#startMessage(event["message"]);
        return false;
      case "content_block_start":
        return this.#startBlock(event);
      case "content_block_delta":
        return this.#readDelta(event, data, start, end);
      case "message_delta":
        this.#readMessageDelta(event);
        return false;
      case "message_stop":
        this.isComplete = true;
        return false;
      case "error":
        readError(event, this.answer);
        return false;
      default:
        return false;
    }
  }

  assemble(): Buffer {
    const blocks = [...this.#blocks.entries()].sort((a, b) => a[0] - b[0]).map(([, block]) => assembleBlock(block));
    return encodeAssembled({
      ...this.#message,
      content: blocks,
      usage: this.answer.hasUsage ? this.#usage : undefined,
    });
  }

  #startMessage(message: unknown): void {
    if (!isRecord(message)) return;
    if (this.#allowance.takeHead(JSON.stringify(message).length)) this.#message = { ...message };
    this.answer.id = textOf(message["id"]);
    this.answer.model = textOf(message["model"]);
    this.#takeUsage(message["usage"]);
  }

  #startBlock(event: Members): boolean {
    const block = event["content_block"];
    if (!isRecord(block)) return false;
    const { text, thinking, ...members } = block;
    // Some compatible servers put the whole text into the start; a tool call begins with its name.
    const hasContent = textOf(block["type"]).endsWith("tool_use") || textOf(text) !== "" || textOf(thinking) !== "";
    if (!this.#allowance.take(JSON.stringify(members).length)) return hasContent;
    const opened = this.#block(event["index"]);
    Object.assign(opened.members, members);
    if (typeof text === "string") this.#text(opened, "text").appendText(text);
    if (typeof thinking === "string") this.#text(opened, "thinking").appendText(thinking);
    return hasContent;
  }

  #block(rawIndex: unknown): Block {
    const index = typeof rawIndex === "number" ? rawIndex : 0;
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = { members: {}, texts: {}, partialJson: new EscapedText(this.#allowance) };
      this.#blocks.set(index, block);
    }
    return block;
  }

  #text(block: Block, key: string): EscapedText {
    if (key === "partial_json") return block.partialJson;
    let text = block.texts[key];
    if (text === undefined) {
      text = new EscapedText(this.#allowance);
      block.texts[key] = text;
    }
    return text;
  }

  #readDelta(event: Members, data: Buffer, start: number, end: number): boolean {
    const delta = event["delta"];
    if (!isRecord(delta)) return false;
    const block = this.#block(event["index"]);
    const key = ownValue(growth, textOf(delta["type"]));
    if (key === undefined) {
      this.#readOtherDelta(block, delta);
      return false;
    }
    const text = textOf(delta[key]);
    const target = this.#text(block, key);
    target.appendText(text);
    if (Object.keys(delta).length === 2) this.#templates.learn(data, start, end, '"delta"', key, text, target);
    return text !== "";
  }

  #readOtherDelta(block: Block, delta: Members): void {
    const { type, ...members } = delta;
    if (!this.#allowance.take(JSON.stringify(members).length)) return;
    if (type === "citations_delta") growingList(block.members, "citations").push(delta["citation"]);
    else Object.assign(block.members, members);
  }

  #readMessageDelta(event: Members): void {
    const delta = recordOf(event["delta"]);
    this.answer.finish = textOf(delta["stop_reason"]) || textOf(this.#message["stop_reason"]);
    if (this.#allowance.takeHead(JSON.stringify(delta).length)) Object.assign(this.#message, delta);
    this.#takeUsage(event["usage"]);
  }

  #takeUsage(usage: unknown): void {
    if (!isRecord(usage)) return;
    for (const [key, value] of Object.entries(usage)) if (value !== null) this.#usage[key] = value;
    this.#readUsage(this.#usage, this.answer);
  }
}

function assembleBlock(block: Block): Members {
  const assembled: Members = { ...block.members, ...block.texts };
  if (!block.partialJson.isEmpty) assembled["input"] = toolInput(block.partialJson);
  return assembled;
}

/** The tool's input as JSON; a piece of JSON that was cut off is kept as text. */
function toolInput(partialJson: EscapedText): RawJson | string {
  const text = partialJson.text();
  try {
    JSON.parse(text);
    return new RawJson(Buffer.from(text));
  } catch {
    return text;
  }
}
