import type { ByteAllowance } from "../recording/capture.ts";
import { DeltaTemplates } from "../recording/delta-templates.ts";
import { EscapedText, encodeAssembled } from "../recording/escaped-text.ts";
import { type Answer, emptyAnswer, isRecord, readError, type StreamReading, textOf } from "./shape.ts";

type Members = Record<string, unknown>;

interface ToolCall {
  readonly index: number | undefined;
  readonly members: Members;
  /** A function's call has `arguments`, that of a custom tool an `input`. */
  readonly kind: "function" | "custom";
  readonly function: Members;
  readonly arguments: EscapedText;
}

const argumentsOf = { function: "arguments", custom: "input" } as const;

interface Choice {
  readonly index: number;
  /** Members of the message, or for legacy completions of the choice itself. */
  readonly message: Members;
  readonly toolCalls: ToolCall[];
  readonly members: Members;
  finish: string;
  /** Deltas said something of it: a whole message beside or after them repeats what they said. */
  hasDelta: boolean;
}

/** String members that grow by pieces; the others are said once. */
const growing = new Set([
  "content",
  "reasoning_content",
  "reasoning",
  "refusal",
  "thinking",
  "text",
  "summary",
  "transcript",
  "data",
  "arguments",
]);
/** The growing members that make a frame a content frame. */
const contentMembers = ["content", "reasoning_content", "reasoning", "refusal", "text"];

/**
 * Streams of chat completions and legacy completions. Frames that repeat one seen before with another text take the
 * short way (see DeltaTemplates); the rest are parsed.
 */
export class ChatStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();

  readonly #allowance: ByteAllowance;
  readonly #object: string;
  readonly #readUsage: (raw: unknown, answer: Answer) => void;
  readonly #templates = new DeltaTemplates();
  readonly #choices = new Map<number, Choice>();
  readonly #head: Members = {};
  #usage: unknown;
  #isDone = false;

  constructor(allowance: ByteAllowance, object: string, readUsage: (raw: unknown, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#object = object;
    this.#readUsage = readUsage;
  }

  get isComplete(): boolean {
    if (this.#isDone) return true;
    if (this.#choices.size === 0) return false;
    for (const choice of this.#choices.values()) if (choice.finish === "") return false;
    return true;
  }

  read(data: Buffer, start: number, end: number): boolean {
    const copied = this.#templates.apply(data, start, end);
    if (copied !== -1) return copied > 0;
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") {
      this.#isDone = true;
      return false;
    }
    const frame: unknown = JSON.parse(text);
    if (!isRecord(frame)) return false;
    if (frame["error"] !== undefined && frame["error"] !== null) readError(frame, this.answer);
    this.#readHead(frame);
    return this.#readChoices(frame, data, start, end);
  }

  assemble(): Buffer {
    const choices = [...this.#choices.values()].sort((a, b) => a.index - b.index);
    return encodeAssembled({
      ...this.#head,
      object: this.#object,
      choices: choices.map((choice) => this.#assembleChoice(choice)),
      usage: this.#usage,
      error:
        this.answer.errorMessage === ""
          ? undefined
          : { message: this.answer.errorMessage, type: this.answer.errorType },
    });
  }

  #readHead(frame: Members): void {
    for (const key of ["id", "created", "model", "system_fingerprint", "service_tier", "provider", "citations"]) {
      const value = frame[key];
      if (value !== undefined && value !== null && value !== "") this.#head[key] = value;
    }
    this.answer.id = textOf(this.#head["id"]);
    this.answer.model = textOf(this.#head["model"]);
    this.answer.serviceTier = textOf(this.#head["service_tier"]);
    const groq = frame["x_groq"];
    const usage = frame["usage"] ?? (isRecord(groq) ? groq["usage"] : undefined);
    if (isRecord(usage)) this.#takeUsage(usage);
  }

  #takeUsage(usage: Members): void {
    this.#usage = usage;
    this.#readUsage(usage, this.answer);
  }

  #readChoices(frame: Members, data: Buffer, start: number, end: number): boolean {
    const choices = frame["choices"];
    if (!Array.isArray(choices)) return false;
    let hasContent = false;
    for (const raw of choices) {
      if (!isRecord(raw)) continue;
      const choice = this.#choice(raw);
      const isLegacy = this.#object === "text_completion";
      const delta = isLegacy ? { text: raw["text"] } : nextPiece(choice, raw);
      if (!isRecord(delta)) continue;
      if (this.#readDelta(choice, delta)) {
        hasContent = true;
        if (isRecord(raw["delta"])) choice.hasDelta = true;
      }
      if (choices.length === 1) this.#learn(choice, raw, delta, data, start, end, isLegacy);
    }
    return hasContent;
  }

  #choice(raw: Members): Choice {
    const index = typeof raw["index"] === "number" ? raw["index"] : 0;
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { index, message: {}, toolCalls: [], members: {}, finish: "", hasDelta: false };
      this.#choices.set(index, choice);
    }
    // Mistral's models on Bedrock have a `stop_reason` instead; with vLLM it stands beside, and tells the stop sequence.
    const finish = textOf("finish_reason" in raw ? raw["finish_reason"] : raw["stop_reason"]);
    if (finish !== "") choice.finish = finish;
    if (finish !== "" && this.answer.finish === "") this.answer.finish = finish;
    if (isRecord(raw["usage"])) this.#takeUsage(raw["usage"]);
    if (isRecord(raw["logprobs"])) mergeInto(choice.members, { logprobs: raw["logprobs"] }, this.#allowance);
    return choice;
  }

  #readDelta(choice: Choice, delta: Members): boolean {
    let hasContent = contentMembers.some((key) => hasText(delta[key]));
    const { tool_calls: toolCalls, ...rest } = delta;
    mergeInto(choice.message, rest, this.#allowance);
    // Text that becomes a list of parts does not go on where a template would put it.
    if (Array.isArray(delta["content"])) this.#templates.forget();
    if (isRecord(delta["function_call"]) || isRecord(delta["audio"])) hasContent = true;
    // Text Generation Inference did not put them in a list.
    for (const call of Array.isArray(toolCalls) ? toolCalls : [toolCalls]) {
      if (!isRecord(call)) continue;
      this.#readToolCall(choice, call);
      hasContent = true;
    }
    return hasContent;
  }

  #readToolCall(choice: Choice, raw: Members): void {
    const kind = isRecord(raw["custom"]) ? "custom" : "function";
    const piece = isRecord(raw[kind]) ? raw[kind] : {};
    const call = findToolCall(choice, raw, piece) ?? this.#openToolCall(choice, raw, kind);
    for (const [key, value] of Object.entries(raw)) {
      if (key !== kind && key !== "index" && value !== null && value !== "") call.members[key] = value;
    }
    for (const [key, value] of Object.entries(piece)) {
      if (key === argumentsOf[kind]) appendArguments(call.arguments, value);
      else if (value !== null && value !== "") call.function[key] = value;
    }
  }

  #openToolCall(choice: Choice, raw: Members, kind: ToolCall["kind"]): ToolCall {
    const index = typeof raw["index"] === "number" ? raw["index"] : undefined;
    const call: ToolCall = { index, members: {}, kind, function: {}, arguments: new EscapedText(this.#allowance) };
    choice.toolCalls.push(call);
    // Pieces under the same index belong to this call from now on.
    this.#templates.forget();
    return call;
  }

  /** A frame whose delta was one growing string, or one tool call's next piece, is the model for those to come. */
  #learn(
    choice: Choice,
    raw: Members,
    delta: Members,
    data: Buffer,
    start: number,
    end: number,
    isLegacy: boolean,
  ): void {
    if (textOf(raw["finish_reason"]) !== "" || isRecord(raw["logprobs"]) || isRecord(raw["usage"])) return;
    const keys = Object.keys(delta).filter((key) => delta[key] !== null);
    const key = keys[0];
    if (keys.length !== 1 || key === undefined) return;
    const value = delta[key];
    const target = choice.message[key];
    // Not from an empty piece: those that follow would be copied without being known to say something.
    if (typeof value === "string" && value !== "" && target instanceof EscapedText) {
      this.#templates.learn(data, start, end, isLegacy ? '"choices"' : '"delta"', key, value, target);
    } else if (key === "tool_calls" && Array.isArray(value) && value.length === 1) {
      this.#learnToolCall(choice, value[0], data, start, end);
    }
  }

  #learnToolCall(choice: Choice, raw: unknown, data: Buffer, start: number, end: number): void {
    if (!isRecord(raw) || !isRecord(raw["function"])) return;
    // Only a bare next piece: one that names its call might begin another.
    const names = Object.keys(raw).filter((key) => key !== "index" && key !== "function" && key !== "type");
    const piece = raw["function"];
    const text = piece["arguments"];
    if (names.length > 0 || Object.keys(piece).length !== 1 || typeof text !== "string") return;
    if (typeof raw["index"] !== "number") return;
    const call = findToolCall(choice, raw, piece);
    if (call === undefined) return;
    this.#templates.learn(data, start, end, '"function"', "arguments", text, call.arguments);
  }

  #assembleChoice(choice: Choice): Members {
    const body: Members = this.#object === "text_completion" ? choice.message : { message: messageOf(choice) };
    return { index: choice.index, ...body, ...choice.members, finish_reason: choice.finish || null };
  }
}

function messageOf(choice: Choice): Members {
  const message: Members = { role: "assistant", content: null, ...choice.message };
  const content = message["content"];
  if (content instanceof EscapedText && content.isEmpty && choice.toolCalls.length > 0) message["content"] = null;
  if (choice.toolCalls.length > 0) message["tool_calls"] = choice.toolCalls.map(toolCallOf);
  return message;
}

function toolCallOf(call: ToolCall): Members {
  return { ...call.members, [call.kind]: { ...call.function, [argumentsOf[call.kind]]: call.arguments } };
}

/** What a chunk adds to its choice: a delta, or with servers that know none a message. */
function nextPiece(choice: Choice, raw: Members): unknown {
  return raw["delta"] ?? (choice.hasDelta ? undefined : raw["message"]);
}

/**
 * The call that a piece continues; undefined when it begins another. The index alone does not tell: some servers
 * number every call 0, some give none; then another id, or a name after complete arguments, begins the next call.
 */
function findToolCall(choice: Choice, raw: Members, piece: Members): ToolCall | undefined {
  const index = raw["index"];
  const id = textOf(raw["id"]);
  const calls = choice.toolCalls;
  const byId = id === "" ? undefined : calls.findLast((call) => call.members["id"] === id);
  if (byId !== undefined && (typeof index !== "number" || byId.index === index)) return byId;
  const last = typeof index === "number" ? calls.findLast((call) => call.index === index) : calls.at(-1);
  if (last === undefined) return undefined;
  const knownId = textOf(last.members["id"]);
  if (id !== "" && knownId !== "" && id !== knownId) return undefined;
  const beginsAgain = textOf(piece["name"]) !== "" && id === "" && isWholeJson(last.arguments);
  return beginsAgain ? undefined : last;
}

function isWholeJson(text: EscapedText): boolean {
  if (text.isEmpty) return false;
  try {
    JSON.parse(text.text());
    return true;
  } catch {
    return false;
  }
}

function appendArguments(target: EscapedText, value: unknown): void {
  if (typeof value === "string") target.appendText(value);
  else if (value !== null && value !== undefined) target.appendText(JSON.stringify(value));
}

function hasText(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || (Array.isArray(value) && value.length > 0);
}

/** Adds a delta to what came before: growing strings grow, lists get longer, the rest is replaced by its last value. */
function mergeInto(target: Members, delta: Members, allowance: ByteAllowance): void {
  for (const [key, value] of Object.entries(delta)) {
    if (value === undefined) continue;
    const known = target[key];
    if (typeof value === "string" && growing.has(key)) target[key] = grow(known, value, key, allowance);
    else if (Array.isArray(value)) target[key] = mergeList(known, value, key, allowance);
    else if (isRecord(value)) target[key] = mergeRecord(known, value, allowance);
    else if (value !== null || known === undefined) target[key] = value;
  }
}

function grow(known: unknown, piece: string, key: string, allowance: ByteAllowance): unknown {
  if (Array.isArray(known)) {
    return piece === "" ? known : mergeList(known, [{ type: "text", text: piece }], key, allowance);
  }
  const text = known instanceof EscapedText ? known : new EscapedText(allowance);
  text.appendText(piece);
  return text;
}

function mergeRecord(known: unknown, delta: Members, allowance: ByteAllowance): Members {
  const target = isRecord(known) ? known : {};
  mergeInto(target, delta, allowance);
  return target;
}

// What an item of a list costs besides its growing strings.
const approximateItemBytes = 256;

/** Items continue the item of the same index and type, text parts the text part before them; others are added. */
function mergeList(known: unknown, items: readonly unknown[], key: string, allowance: ByteAllowance): unknown[] {
  const list: unknown[] = Array.isArray(known) ? known : [];
  if (known instanceof EscapedText && !known.isEmpty) list.push({ type: "text", text: known });
  for (const item of items) {
    const earlier = isRecord(item) ? itemToContinue(list, item, key) : undefined;
    if (earlier !== undefined) mergeInto(earlier, item as Members, allowance);
    else if (allowance.take(approximateItemBytes))
      list.push(isRecord(item) ? mergeRecord(undefined, item, allowance) : item);
  }
  return list;
}

function itemToContinue(list: readonly unknown[], item: Members, key: string): Members | undefined {
  const index = item["index"];
  if (typeof index === "number") {
    return list.findLast(
      (other): other is Members => isRecord(other) && other["index"] === index && other["type"] === item["type"],
    );
  }
  const last = list.at(-1);
  const isPart = key === "content" || key === "thinking";
  return isPart && isRecord(last) && last["type"] === item["type"] ? last : undefined;
}
