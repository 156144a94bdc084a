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
 * with its usage, but without its steps. Clients of the API's former revision get contents in their place
 * (`content.start`), between `interaction.start` and `interaction.complete`.
 * https://docs.cloud.google.com/gemini-enterprise-agent-platform/reference/rest/v1beta1/InteractionStreamingEvent
 */
export class InteractionStream implements StreamReading {
  readonly answer: Answer = emptyAnswer();
  isComplete = false;

  readonly #allowance: ByteAllowance;
  readonly #readWhole: (body: Json, answer: Answer) => void;
  readonly #steps = new Map<number, Step>();
  readonly #head: Members = {};

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
      case "interaction.start":
        this.#takeHead(event["interaction"]);
        return false;
      case "interaction.completed":
      case "interaction.complete":
        this.#takeHead(event["interaction"]);
        this.isComplete = true;
        return false;
      case "step.start":
        return this.#startStep(event["index"], recordOf(event["step"]));
      case "content.start":
        return this.#startStep(event["index"], stepOf(recordOf(event["content"])));
      case "step.delta":
      case "content.delta":
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

  #takeHead(raw: unknown): void {
    const interaction = recordOf(raw);
    this.#readWhole(interaction, this.answer);
    if (this.#allowance.takeHead(JSON.stringify(interaction).length)) Object.assign(this.#head, interaction);
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

  #startStep(index: unknown, start: Json): boolean {
    const { content, summary, ...members } = start;
    const isCall = textOf(members["type"]).endsWith("_call");
    if (!this.#allowance.take(JSON.stringify(members).length)) return isCall;
    const step = this.#step(index);
    Object.assign(step.members, members);
    const contents = [...listOf(content), ...listOf(summary)].map(recordOf);
    const hasContent = contents.map((piece) => this.#addContent(step, piece)).includes(true);
    return hasContent || isCall;
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
    const { text: written, ...members } = piece;
    if (text !== last) {
      if (!this.#allowance.take(JSON.stringify(members).length)) return false;
      step.contents.push({ ...members, text });
    }
    text.appendText(textOf(written));
    return written !== "";
  }
}

/** The step that a content of the former revision is: texts and media were outputs by themselves. */
function stepOf(content: Json): Json {
  if (!contentTypes.has(textOf(content["type"]))) return content;
  const isEmpty = ["text", "data", "uri"].every((key) => textOf(content[key]) === "");
  return { type: "model_output", content: isEmpty ? [] : [content] };
}

function assembleStep({ members, contents, arguments: pieces }: Step): Members {
  const step: Members = { ...members };
  if (contents.length > 0) step[members["type"] === "thought" ? "summary" : "content"] = contents;
  if (!pieces.isEmpty) step["arguments"] = toolInput(pieces);
  return step;
}
