import type { ByteAllowance } from "../recording/capture.ts";
import { EscapedText, encodeAssembled } from "../recording/escaped-text.ts";
import { readMessagesUsage } from "./anthropic.ts";
import { MessagesStream } from "./anthropic-stream.ts";
import { readConverse } from "./bedrock-converse.ts";
import { ConverseStream, exceptionEnd } from "./bedrock-converse-stream.ts";
import { readCohereBody, readInvocationMetrics, readInvokeJson } from "./bedrock-invoke.ts";
import { CohereChatStream, CohereV1Stream } from "./cohere-stream.ts";
import { readChatUsage } from "./openai.ts";
import { ChatStream } from "./openai-chat-stream.ts";
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

/**
 * Streams of InvokeModel: each event is `{"bytes": base64}` around an event of the model's own API. The first says
 * whose it is, and that API's reading takes over.
 */
export class InvokeStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();

  readonly #allowance: ByteAllowance;
  #inner: StreamReading | undefined;
  /** Bedrock's own counts came, which end a stream, or its guardrail's text, which may be all of it. */
  #isEnded = false;

  constructor(allowance: ByteAllowance) {
    this.#allowance = allowance;
  }

  get isComplete(): boolean {
    return this.#inner?.isComplete === true || this.#isEnded;
  }

  read(data: Buffer, start: number, end: number, type: string): boolean {
    const outer: unknown = JSON.parse(data.toString("utf8", start, end));
    if (!isRecord(outer)) return false;
    if (typeof outer["bytes"] !== "string") {
      if (type !== "" && !exceptionEnd.test(type)) return false;
      readError(outer, this.answer);
      this.answer.errorType ||= type;
      return false;
    }
    const bytes = Buffer.from(outer["bytes"], "base64");
    const event: unknown = JSON.parse(bytes.toString());
    if (!isRecord(event)) return false;
    this.#inner ??= innerStream(event, this.#allowance);
    const hasContent = this.#inner.read(bytes, 0, bytes.length, "");
    const { errorType, errorMessage } = this.answer;
    Object.assign(this.answer, this.#inner.answer);
    if (errorMessage !== "") Object.assign(this.answer, { errorType, errorMessage });
    const metrics = event["amazon-bedrock-invocationMetrics"];
    if (isRecord(metrics) || event["amazon-bedrock-guardrailAction"] === "INTERVENED") this.#isEnded = true;
    readInvocationMetrics(metrics, this.answer);
    return hasContent;
  }

  assemble(): Buffer {
    return this.#inner?.assemble() ?? encodeAssembled({});
  }
}

function innerStream(event: Json, allowance: ByteAllowance): StreamReading {
  const type = textOf(event["type"]);
  // Cohere's are `message-start`, Claude's `message_start`, and `completion` before there were messages.
  if (type.includes("-")) return new CohereChatStream(allowance, readCohereBody);
  if (type !== "" && type !== "completion") return new MessagesStream(allowance, readMessagesUsage);
  if (Array.isArray(event["choices"])) return openaiStream(event, allowance);
  if (typeof event["event_type"] === "string") return new CohereV1Stream(allowance, readCohereBody);
  const isText = textMembers.some((key) => key in event) || Array.isArray(event["outputs"]);
  return isText ? new TextStream(allowance, readInvokeJson) : new ConverseStream(allowance, readConverse);
}

function openaiStream(event: Json, allowance: ByteAllowance): StreamReading {
  const isLegacy = "text" in recordOf(listOf(event["choices"])[0]);
  return new ChatStream(allowance, isLegacy ? "text_completion" : "chat.completion", readChatUsage);
}

/** Where the models that only complete a text put the next piece of it. */
const textMembers = ["generation", "outputText", "completion", "text"];

/** Streams of Llama, Titan, Mistral's instruct models, Claude's text completions and Cohere's commands of old. */
export class TextStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #text: EscapedText;
  /** Where the text stands in the assembled answer. */
  #key = "generation";
  #last: Json = {};

  constructor(allowance: ByteAllowance, readWhole: (body: Json, answer: Answer) => void) {
    this.#readWhole = readWhole;
    this.#text = new EscapedText(allowance);
  }

  read(data: Buffer, start: number, end: number): boolean {
    const event: unknown = JSON.parse(data.toString("utf8", start, end));
    if (!isRecord(event)) return false;
    if (isRecord(event["error"])) readError(event, this.answer);
    const output = recordOf(listOf(event["outputs"])[0]);
    this.#key = textMembers.find((key) => key in event) ?? (Array.isArray(event["outputs"]) ? "outputs" : this.#key);
    const piece = textOf(event[this.#key]) || textOf(output["text"]);
    this.#text.appendText(piece);
    this.#last = { ...this.#last, ...withoutNulls(event) };
    this.#readWhole(this.#last, this.answer);
    if (event["is_finished"] === true) this.answer.finish = textOf(event["finish_reason"]);
    this.isComplete = this.answer.finish !== "" || event["is_finished"] === true;
    return piece !== "";
  }

  assemble(): Buffer {
    const { "amazon-bedrock-invocationMetrics": _metrics, outputs, ...last } = this.#last;
    if (this.#key !== "outputs") return encodeAssembled({ ...last, [this.#key]: this.#text });
    return encodeAssembled({ ...last, outputs: [{ ...recordOf(listOf(outputs)[0]), text: this.#text }] });
  }
}

function withoutNulls(event: Json): Json {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null));
}
