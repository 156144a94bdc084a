import { exchangeFor } from "./exchanges.ts";
import { behaviourOf, type ModelBehaviour } from "./models.ts";
import { createRandom, type Random, seedOf } from "./random.ts";

/** What the mock understood of a request, whichever API it came by. */
export interface Question {
  readonly model: string;
  /** The last user message's text. */
  readonly prompt: string;
  /** The text of everything sent, which the input tokens are counted from. */
  readonly everything: string;
  readonly tools: readonly ToolOffer[];
  /** The last message holds results of tools, so now an answer in words is due. */
  readonly toolsAnswered: boolean;
  readonly parallelTools: boolean;
  readonly maxTokens: number | undefined;
  /** The JSON schema that the answer must have; `{}` for any object. */
  readonly answerSchema: JsonSchema | undefined;
  /** Show the thoughts, where the API has a place for them. */
  readonly think: boolean;
}

export interface ToolOffer {
  readonly name: string;
  readonly schema: JsonSchema;
}

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

export interface ToolCall {
  readonly name: string;
  readonly argumentsJson: string;
}

export interface Reply {
  readonly random: Random;
  readonly behaviour: ModelBehaviour;
  readonly text: string;
  readonly thought: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finish: "stop" | "length" | "tool_calls";
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `outputTokens`. */
  readonly reasoningTokens: number;
}

/** The pieces a model would stream: joined, they are the text again. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*[\p{L}\p{N}]{1,7}|\s*[^\s\p{L}\p{N}]|\s+$/gu) ?? [];
}

/** The answer to a question; the same seed gives the same answer. */
export function composeReply(question: Question, seed: string): Reply {
  const random = createRandom(seedOf(seed));
  const behaviour = behaviourOf(question.model);
  const toolCalls = callsFor(question, random);
  const written = exchangeFor(question.prompt, seedOf(question.prompt));
  const thought = question.think ? (written.thought ?? "The question is clear; answer it directly.") : "";
  const reasoningTokens = reasoningOf(question, behaviour, thought, random);
  const wanted = toolCalls.length > 0 ? "" : textFor(question, written.answer);
  const { text, cut } = shorten(wanted, question.maxTokens);
  const visible = tokensOf(text).length + toolCalls.reduce((sum, call) => sum + tokensOf(call.argumentsJson).length, 0);
  return {
    random,
    behaviour,
    text,
    thought,
    toolCalls,
    finish: toolCalls.length > 0 ? "tool_calls" : cut ? "length" : "stop",
    inputTokens: countTokens(question.everything),
    outputTokens: visible + reasoningTokens,
    reasoningTokens,
  };
}

/** About four characters a token, as for English prose; never 0. */
export function countTokens(text: string): number {
  return Math.max(1, Math.round(text.length / 4));
}

function reasoningOf(question: Question, behaviour: ModelBehaviour, thought: string, random: Random): number {
  if (behaviour.reasoningTokens > 0) return Math.round(random.logNormal(behaviour.reasoningTokens, 0.5));
  return question.think ? tokensOf(thought).length : 0;
}

function textFor(question: Question, answer: string): string {
  return question.answerSchema === undefined
    ? answer
    : JSON.stringify(sample(question.answerSchema, "", question.prompt));
}

function shorten(text: string, maxTokens: number | undefined): { text: string; cut: boolean } {
  const tokens = tokensOf(text);
  if (maxTokens === undefined || tokens.length <= maxTokens) return { text, cut: false };
  return { text: tokens.slice(0, maxTokens).join(""), cut: true };
}

function callsFor(question: Question, random: Random): ToolCall[] {
  if (question.tools.length === 0 || question.toolsAnswered) return [];
  const first = random.between(0, question.tools.length - 1);
  const count = question.parallelTools ? Math.min(question.tools.length, 2) : 1;
  return Array.from({ length: count }, (_, index) => {
    const tool = question.tools[(first + index) % question.tools.length];
    if (tool === undefined) throw new Error("A tool was offered and is gone.");
    return { name: tool.name, argumentsJson: JSON.stringify(sample(tool.schema, "", question.prompt)) };
  });
}

const sampleTexts: Readonly<Record<string, string>> = {
  city: "Lisbon",
  location: "Lisbon, Portugal",
  unit: "celsius",
  order_id: "48213",
  email: "ana.silva@example.com",
  language: "en",
  sentiment: "neutral",
  priority: "high",
};

/** A value that a schema allows, with names that make sense where the property's name is a common one. */
function sample(schema: JsonSchema, name: string, prompt: string): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? (schema.properties ? "object" : "string"));
  switch (type) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, sample(inner, key, prompt)]),
      );
    case "array":
      return [sample(schema.items ?? { type: "string" }, name, prompt)];
    case "integer":
    case "number":
      return 3;
    case "boolean":
      return true;
    default:
      return sampleTexts[name] ?? prompt.slice(0, 60);
  }
}
