import { CodedError, type Part, readConversation, textOf as textOfParts } from "@weir/model";
import { finishReason } from "../providers/finish-reason.ts";
import {
  type Answer,
  type Api,
  emptyAnswer,
  type Json,
  readError,
  type StreamReading,
  type VendorHeaders,
} from "../providers/shape.ts";
import { ByteAllowance, CaptureBudget } from "../recording/capture.ts";
import type { Framer } from "../recording/frames.ts";
import { openFramer, type StreamFraming } from "../recording/framing.ts";
import type { Delta, DeltaReader } from "./dialect.ts";

/** What every answer to one request says besides its content. */
export interface AnswerFacts {
  /** As the client asked for it, `provider/model`: told where the provider does not name one. */
  readonly model: string;
  readonly createdAtS: number;
  readonly id: string;
}

/** A whole answer of a provider's API as a chat completion. */
export function chatCompletion(api: Api, body: Json, facts: AnswerFacts, headers: VendorHeaders = {}): Json {
  const answer = emptyAnswer();
  api.readHeaders?.(headers, answer);
  api.readJson(body, answer);
  const source = { content_format: api.format, input: "", output: JSON.stringify(body) };
  const { response, alternatives } = readConversation(source);
  const answers = response === null ? [] : [response, ...alternatives];
  return {
    id: answer.id || facts.id,
    object: "chat.completion",
    created: facts.createdAtS,
    model: answer.model || facts.model,
    choices: answers.map(({ parts, finishReason: word }, index) => {
      const message = messageOf(parts);
      return {
        index,
        message,
        logprobs: null,
        finish_reason: openaiFinish(word || answer.finish, "tool_calls" in message),
      };
    }),
    ...(answer.hasUsage && { usage: openaiUsage(answer) }),
  };
}

function messageOf(parts: readonly Part[]): Json {
  const text = textOfParts(parts);
  const refusal = parts.find((part) => part.type === "refusal");
  const reasoning = parts.flatMap((part) => (part.type === "reasoning" && part.text !== "" ? [part.text] : []));
  const calls = parts.filter((part) => part.type === "tool_call").filter((call) => !call.isProviderTool);
  const images = parts.flatMap((part) => (part.type === "image" && part.source.kind === "data" ? [part.source] : []));
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: refusal?.text ?? null,
    ...(reasoning.length > 0 && { reasoning_content: reasoning.join("\n\n") }),
    ...(images.length > 0 && {
      images: images.map(({ mediaType, base64 }) => {
        return { type: "image_url", image_url: { url: `data:${mediaType};base64,${base64}` } };
      }),
    }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call, index) => {
        const id = idOf(call.id, call.name, index);
        return { id, type: "function", function: { name: call.name, arguments: call.arguments || "{}" } };
      }),
    }),
  };
}

/** Ids tie a result to its call: where the provider has none, or takes the tool's name for it, the place tells. */
function idOf(id: string, name: string, index: number): string {
  return id === "" || id === name ? `call_${index}` : id;
}

/** OpenAI's word. Gemini says STOP also when it calls tools. */
function openaiFinish(word: string, hasCalls: boolean): string {
  const known = finishReason(word);
  if (known === "tool_call" || (hasCalls && known === "stop")) return "tool_calls";
  return known === "length" || known === "content_filter" ? known : "stop";
}

/** OpenAI counts cached input and reasoning in, as our usage does. */
function openaiUsage({ usage }: Answer): Json {
  const input = usage.input_tokens ?? 0;
  const output = usage.output_tokens ?? 0;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(usage.cache_read_tokens !== null && { prompt_tokens_details: { cached_tokens: usage.cache_read_tokens } }),
    ...(usage.reasoning_tokens !== null && {
      completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
    }),
  };
}

/** A provider's error in the words that OpenAI's SDKs read; the status stays the provider's. */
export function openaiError(body: unknown, headers: VendorHeaders = {}): Json {
  const answer = emptyAnswer();
  answer.errorType = (headers["x-amzn-errortype"] ?? "").split(":")[0] ?? "";
  if (!readError(body, answer)) answer.errorMessage = "The provider answered with an error.";
  return { error: { message: answer.errorMessage, type: answer.errorType || "api_error", param: null, code: null } };
}

const eventLimitBytes = 8 << 20;

/**
 * A provider's stream as the chunks of a chat completion, event by event. What was cut off stays cut off: only a
 * stream that came to its own end is given the last chunk and `[DONE]`.
 */
export class ChatStreamTranslator {
  readonly #reading: StreamReading;
  readonly #readDeltas: DeltaReader;
  readonly #framer: Framer;
  readonly #facts: AnswerFacts;
  readonly #includesUsage: boolean;
  #out: string[] = [];
  #hasBegun = false;
  #hasCalls = false;
  #hasFailed = false;

  constructor(api: Api, framing: StreamFraming, readDeltas: DeltaReader, facts: AnswerFacts, includesUsage: boolean) {
    if (api.openStream === null) throw new CodedError("INTERNAL", `${api.route} has no streams.`);
    // Its pieces are passed on, not kept: only a small part of the answer is put together.
    this.#reading = api.openStream(new ByteAllowance(0, new CaptureBudget(0)));
    this.#readDeltas = readDeltas;
    this.#facts = facts;
    this.#includesUsage = includesUsage;
    this.#framer = openFramer(framing, { onEvent: this.#onEvent.bind(this) }, eventLimitBytes);
  }

  /** What has been read of the answer. */
  get answer(): Answer {
    return this.#reading.answer;
  }

  /** The bytes that the client may have now; empty when there are none. */
  push(chunk: Buffer): Buffer {
    this.#framer.push(chunk);
    return this.#take();
  }

  /** The stream is over. */
  end(): Buffer {
    this.#framer.end();
    if (this.#reading.isComplete && !this.#hasFailed) this.#finish();
    return this.#take();
  }

  /** The provider's stream came to its own end; else the client's must break off visibly. */
  get isComplete(): boolean {
    return this.#reading.isComplete && !this.#hasFailed;
  }

  #take(): Buffer {
    const bytes = Buffer.from(this.#out.join(""));
    this.#out = [];
    return bytes;
  }

  #onEvent(data: Buffer, start: number, end: number, type: string): void {
    let event: unknown;
    try {
      this.#reading.read(data, start, end, type);
      event = JSON.parse(data.toString("utf8", start, end));
    } catch {
      return;
    }
    if (this.answer.errorMessage !== "" && !this.#hasFailed) this.#fail();
    for (const delta of this.#readDeltas(event, type)) this.#writeDelta(delta);
  }

  #fail(): void {
    this.#hasFailed = true;
    const { errorMessage: message, errorType: type } = this.answer;
    this.#write({ error: { message, type: type || "api_error", param: null, code: null } });
  }

  #writeDelta(delta: Delta): void {
    this.#begin();
    if (delta.kind === "call") this.#hasCalls = true;
    this.#writeChoice(chunkDelta(delta));
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#writeChoice({ role: "assistant", content: "" });
  }

  #finish(): void {
    this.#begin();
    this.#writeChoice({}, openaiFinish(this.answer.finish, this.#hasCalls));
    if (this.#includesUsage && this.answer.hasUsage) {
      this.#write({ ...this.#head(), choices: [], usage: openaiUsage(this.answer) });
    }
    this.#out.push("data: [DONE]\n\n");
  }

  #writeChoice(delta: Json, finish: string | null = null): void {
    this.#write({ ...this.#head(), choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  }

  #head(): Json {
    const facts = this.#facts;
    return {
      id: this.answer.id || facts.id,
      object: "chat.completion.chunk",
      created: facts.createdAtS,
      model: this.answer.model || facts.model,
    };
  }

  #write(event: Json): void {
    this.#out.push(`data: ${JSON.stringify(event)}\n\n`);
  }
}

function chunkDelta(delta: Delta): Json {
  switch (delta.kind) {
    case "text":
      return { content: delta.text };
    case "reasoning":
      return { reasoning_content: delta.text };
    case "call": {
      const { index, id, name } = delta;
      return { tool_calls: [{ index, id, type: "function", function: { name, arguments: delta.arguments } }] };
    }
    default:
      return { tool_calls: [{ index: delta.index, function: { arguments: delta.arguments } }] };
  }
}
