import type { ByteAllowance } from "../recording/capture.ts";
import { EscapedText, encodeAssembled } from "../recording/escaped-text.ts";
import { toolInput } from "./bedrock-converse-stream.ts";
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

interface Step {
  readonly members: Members;
  /** Contents of what the model put out, or of a thought's summary. */
  readonly contents: Members[];
  readonly arguments: EscapedText;
}

/** Content that a step holds in a list; every other delta says something of the step itself. */
const contentTypes = new Set(["text", "image", "audio", "video", "document"]);

/**
 * Streams of Gemini's Interactions: steps that start, grow by deltas and stop; the last event repeats the interaction
 * with its usage, but without its steps.
 */
export class InteractionStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #steps = new Map<number, Step>();
  #head: Json = {};

  constructor(allowance: ByteAllowance, readWhole: (body: Json, answer: Answer) => void) {
    this.#allowance = allowance;
    this.#readWhole = readWhole;
  }

  read(data: Buffer, start: number, end: number): boolean {
    const text = data.toString("utf8", start, end);
    if (text.trim() === "[DONE]") return false;
    const event: unknown = JSON.parse(text);
    if (!isRecord(event)) return false;
    switch (event["event_type"]) {
      case "interaction.created":
        this.#takeHead(event["interaction"]);
        return false;
      case "interaction.completed":
        this.#takeHead(event["interaction"]);
        this.isComplete = true;
        return false;
      case "step.start":
        return this.#startStep(event);
      case "step.delta":
        return this.#readDelta(this.#step(event["index"]), recordOf(event["delta"]));
      default:
        if (isRecord(event["error"])) readError(event, this.answer);
        return false;
    }
  }

  assemble(): Buffer {
    const steps = [...this.#steps.entries()].sort((a, b) => a[0] - b[0]).map(([, step]) => assembleStep(step));
    return encodeAssembled(steps.length === 0 ? this.#head : { ...this.#head, steps });
  }

  #takeHead(interaction: unknown): void {
    this.#head = { ...this.#head, ...recordOf(interaction) };
    this.#readWhole(this.#head, this.answer);
  }

  #step(rawIndex: unknown): Step {
    const index = typeof rawIndex === "number" ? rawIndex : 0;
    let step = this.#steps.get(index);
    if (step === undefined) {
      step = { members: {}, contents: [], arguments: new EscapedText(this.#allowance) };
      this.#steps.set(index, step);
    }
    return step;
  }

  #startStep(event: Json): boolean {
    const { content, summary, ...members } = recordOf(event["step"]);
    const step = this.#step(event["index"]);
    Object.assign(step.members, members);
    const contents = [...listOf(content), ...listOf(summary)].map(recordOf);
    const hasContent = contents.map((piece) => this.#addContent(step, piece)).includes(true);
    return hasContent || textOf(members["type"]).endsWith("_call");
  }

  #readDelta(step: Step, delta: Json): boolean {
    const { type, ...members } = delta;
    if (type === "arguments_delta") {
      step.arguments.appendText(textOf(delta["arguments"]));
      return textOf(delta["arguments"]) !== "";
    }
    if (type === "thought_summary") return this.#addContent(step, recordOf(delta["content"]));
    if (contentTypes.has(textOf(type))) return this.#addContent(step, delta);
    if (type === "text_annotation_delta") return false;
    if (this.#allowance.take(JSON.stringify(members).length)) Object.assign(step.members, members);
    return textOf(type).endsWith("_call");
  }

  /** Text goes on from the text before it. */
  #addContent(step: Step, piece: Json): boolean {
    if (typeof piece["text"] !== "string") {
      const isKept = this.#allowance.take(JSON.stringify(piece).length);
      if (isKept) step.contents.push({ ...piece });
      return isKept;
    }
    const last = step.contents.at(-1)?.["text"];
    const text = last instanceof EscapedText ? last : new EscapedText(this.#allowance);
    if (text !== last) step.contents.push({ ...piece, text });
    text.appendText(piece["text"]);
    return piece["text"] !== "";
  }
}

function assembleStep({ members, contents, arguments: pieces }: Step): Members {
  const step: Members = { ...members };
  if (contents.length > 0) step[members["type"] === "thought" ? "summary" : "content"] = contents;
  if (!pieces.isEmpty) step["arguments"] = toolInput(pieces);
  return step;
}
