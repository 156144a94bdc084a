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

/** Streams of Ollama's `/api/chat` and `/api/generate`: a line of JSON for each piece, the last with `done` and the counts. */
export class OllamaStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readLast: (body: Json, answer: Answer) => void;
  /** Texts that grow: of the message (`content`, `thinking`), or of a completion (`response`, `thinking`). */
  readonly #texts: Record<string, EscapedText> = {};
  readonly #toolCalls: unknown[] = [];
  readonly #images: unknown[] = [];
  #message: Members | undefined;
  #head: Members = {};

  constructor(allowance: ByteAllowance, readLast: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readLast = readLast;
  }

  read(data: Buffer, start: number, end: number): boolean {
    const line: unknown = JSON.parse(data.toString("utf8", start, end));
    if (!isRecord(line)) return false;
    if (line["error"] !== undefined) {
      readError(line, this.answer);
      return false;
    }
    const { message, response, thinking, ...head } = line;
    this.#head = { ...this.#head, ...head };
    this.answer.model = textOf(line["model"]) || this.answer.model;
    if (line["done"] === true) {
      this.isComplete = true;
      this.#readLast(line, this.answer);
    }
    return isRecord(message) ? this.#readMessage(message) : this.#grow({ response, thinking });
  }

  assemble(): Buffer {
    if (this.#message === undefined) return encodeAssembled({ ...this.#head, ...this.#texts });
    const message: Members = { ...this.#message, ...this.#texts };
    if (this.#toolCalls.length > 0) message["tool_calls"] = this.#toolCalls;
    if (this.#images.length > 0) message["images"] = this.#images;
    return encodeAssembled({ ...this.#head, message });
  }

  #readMessage(message: Members): boolean {
    const { content, thinking, tool_calls: toolCalls, images, ...rest } = message;
    this.#message = { ...this.#message, ...rest };
    const grew = this.#grow({ content, thinking });
    for (const call of listOf(toolCalls)) this.#keep(this.#toolCalls, recordOf(call));
    for (const image of listOf(images)) this.#keep(this.#images, image);
    return grew || listOf(toolCalls).length > 0 || listOf(images).length > 0;
  }

  #keep(list: unknown[], item: unknown): void {
    if (this.#allowance.take(JSON.stringify(item).length)) list.push(item);
  }

  #grow(pieces: Members): boolean {
    let grew = false;
    for (const [key, piece] of Object.entries(pieces)) {
      if (typeof piece !== "string") continue;
      let text = this.#texts[key];
      if (text === undefined) {
        if (piece === "" && key === "thinking") continue;
        text = new EscapedText(this.#allowance);
        this.#texts[key] = text;
      }
      text.appendText(piece);
      if (piece !== "") grew = true;
    }
    return grew;
  }
}
