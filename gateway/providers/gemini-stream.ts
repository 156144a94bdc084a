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

interface Candidate {
  readonly index: number;
  readonly members: Members;
  readonly parts: Members[];
  role: string;
}

/** Members of a part that say only how its text is meant: such parts go on from each other. */
const textMembers = new Set(["text", "thought", "thoughtSignature"]);

/**
 * Streams of `streamGenerateContent`: every event is a whole response with the next parts of its candidates. The usage
 * is cumulative, and the last one stands.
 */
export class GenerateContentStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();

  readonly #allowance: ByteAllowance;
  readonly #readResponse: (body: Json, answer: Answer) => void;
  readonly #candidates = new Map<number, Candidate>();
  readonly #head: Members = {};

  constructor(allowance: ByteAllowance, readResponse: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readResponse = readResponse;
  }

  get isComplete(): boolean {
    if (textOf(recordOf(this.#head["promptFeedback"])["blockReason"]) !== "") return true;
    if (this.#candidates.size === 0) return false;
    return [...this.#candidates.values()].every(({ members }) => textOf(members["finishReason"]) !== "");
  }

  read(data: Buffer, start: number, end: number): boolean {
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") return false;
    const parsed: unknown = JSON.parse(text);
    const chunk = Array.isArray(parsed) ? parsed[0] : parsed;
    if (!isRecord(chunk)) return false;
    if (chunk["error"] !== undefined) readError(chunk, this.answer);
    const { candidates, ...rest } = chunk;
    Object.assign(this.#head, rest);
    let hasContent = false;
    for (const candidate of listOf(candidates)) if (this.#readCandidate(recordOf(candidate))) hasContent = true;
    this.#readResponse({ ...this.#head, candidates: this.#firstMembers() }, this.answer);
    return hasContent;
  }

  assemble(): Buffer {
    const candidates = [...this.#candidates.values()]
      .sort((a, b) => a.index - b.index)
      .map(({ members, parts, role }) => ({ content: { role, parts: parts.map(assemblePart) }, ...members }));
    return encodeAssembled(candidates.length === 0 ? this.#head : { candidates, ...this.#head });
  }

  #firstMembers(): Members[] {
    return [...this.#candidates.values()].sort((a, b) => a.index - b.index).map(({ members }) => members);
  }

  #readCandidate(raw: Json): boolean {
    const index = typeof raw["index"] === "number" ? raw["index"] : 0;
    let candidate = this.#candidates.get(index);
    if (candidate === undefined) {
      candidate = { index, members: {}, parts: [], role: "model" };
      this.#candidates.set(index, candidate);
    }
    const { content, ...members } = raw;
    Object.assign(candidate.members, members);
    candidate.role = textOf(recordOf(content)["role"]) || candidate.role;
    let hasContent = false;
    for (const part of listOf(recordOf(content)["parts"])) {
      if (!isRecord(part)) continue;
      if (isContent(part)) hasContent = true;
      this.#addPart(candidate, part);
    }
    return hasContent;
  }

  #addPart(candidate: Candidate, part: Members): void {
    const last = candidate.parts.at(-1);
    if (isText(part)) this.#addText(candidate, part, last);
    else if (last !== undefined && isCallUnderWay(last)) this.#continueCall(last, part);
    else if (this.#allowance.take(JSON.stringify(part).length)) candidate.parts.push({ ...part });
  }

  #addText(candidate: Candidate, part: Members, last: Members | undefined): void {
    const goesOn =
      last !== undefined &&
      last["text"] instanceof EscapedText &&
      last["thought"] === part["thought"] &&
      last["thoughtSignature"] === undefined;
    if (!goesOn && textOf(part["text"]) === "" && part["thoughtSignature"] === undefined) return;
    const target = goesOn ? last : { ...part, text: new EscapedText(this.#allowance) };
    if (!goesOn) candidate.parts.push(target);
    (target["text"] as EscapedText).appendText(textOf(part["text"]));
    if (part["thoughtSignature"] !== undefined) target["thoughtSignature"] = part["thoughtSignature"];
  }

  /** Vertex can stream a call's arguments by pieces: `partialArgs`, until one comes without `willContinue`. */
  #continueCall(last: Members, part: Members): void {
    const { functionCall, ...rest } = part;
    const call = recordOf(last["functionCall"]);
    const piece = recordOf(functionCall);
    if (!this.#allowance.take(JSON.stringify(piece).length)) return;
    // Added to in place: an event is forgotten once it was read, and a call of many pieces is not copied with each.
    const before = call["partialArgs"];
    const partialArgs: unknown[] = Array.isArray(before) ? before : [];
    for (const arg of listOf(piece["partialArgs"])) partialArgs.push(arg);
    const { willContinue: _before, ...known } = call;
    Object.assign(last, rest, { functionCall: { ...known, ...piece, partialArgs } });
  }
}

function isText(part: Members): boolean {
  return typeof part["text"] === "string" && Object.keys(part).every((key) => textMembers.has(key));
}

function isContent(part: Members): boolean {
  return Object.entries(part).some(([key, value]) => {
    return key === "text" ? textOf(value) !== "" : key !== "thought" && key !== "thoughtSignature";
  });
}

function isCallUnderWay(part: Members): boolean {
  return recordOf(part["functionCall"])["willContinue"] === true;
}

function assemblePart(part: Members): Members {
  const call = recordOf(part["functionCall"]);
  if (!Array.isArray(call["partialArgs"])) return part;
  const { partialArgs, willContinue: _willContinue, ...rest } = call;
  return { ...part, functionCall: { ...rest, args: argumentsOf(listOf(partialArgs)) } };
}

/** The arguments that pieces of the form `{jsonPath: "$.city", stringValue: "Par"}` add up to. */
function argumentsOf(pieces: readonly unknown[]): unknown {
  const root: Members = {};
  for (const piece of pieces.map(recordOf)) {
    const keys = [...textOf(piece["jsonPath"]).matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
      ([, name, index, quoted]) => (index === undefined ? (name ?? quoted ?? "") : Number(index)),
    );
    if (keys.length > 0) setAt(root, keys, pieceValue(piece));
  }
  return root;
}

function pieceValue(piece: Json): unknown {
  if ("nullValue" in piece) return null;
  return piece["stringValue"] ?? piece["numberValue"] ?? piece["boolValue"];
}

const longestPath = 32;
const longestList = 10_000;

function setAt(root: Members, keys: readonly (string | number)[], value: unknown): void {
  if (keys.length > longestPath || keys.some((key) => key === "__proto__" || Number(key) > longestList)) return;
  let holder: Members | unknown[] = root;
  for (const [depth, key] of keys.entries()) {
    const members = holder as Members;
    const known = Object.hasOwn(members, key) ? members[key] : undefined;
    if (depth === keys.length - 1) {
      members[key] = typeof known === "string" && typeof value === "string" ? known + value : value;
      return;
    }
    const isKnown: boolean = typeof known === "object" && known !== null;
    const next: Members | unknown[] = isKnown ? (known as Members) : typeof keys[depth + 1] === "number" ? [] : {};
    members[key] = next;
    holder = next;
  }
}
