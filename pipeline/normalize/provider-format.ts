import type { ContentFormat } from "@weir/model";
import { arrayOf, isValueObject, textOf, type ValueObject } from "./attribute-value.ts";

/**
 * The API whose request and answer the two values are, when both fit the same one; of an absent value only the other
 * decides. Undefined when they are no API's, or of two.
 */
export function providerFormat(input: unknown, output: unknown): ContentFormat | undefined {
  if (isValueObject(output)) {
    const found = answerFormats.find(([isAnswer]) => isAnswer(output));
    if (found === undefined) return undefined;
    const [, format, request] = found;
    return input === undefined || (isValueObject(input) && request in input) ? format : undefined;
  }
  return undefined;
}

const answerFormats: readonly (readonly [(answer: ValueObject) => boolean, ContentFormat, string])[] = [
  [(answer) => hasChoices(answer, "message"), "openai.chat", "messages"],
  [(answer) => hasChoices(answer, "text"), "openai.completions", "prompt"],
  [(answer) => answer["type"] === "message" && Array.isArray(answer["content"]), "anthropic.messages", "messages"],
  [(answer) => isResponse(answer), "openai.responses", "input"],
];

function hasChoices({ choices }: { readonly choices?: unknown }, member: string): boolean {
  return (
    Array.isArray(choices) && choices.length > 0 && choices.every((choice) => isValueObject(choice) && member in choice)
  );
}

function isResponse(answer: ValueObject): boolean {
  return Array.isArray(answer["output"]) && (answer["object"] === "response" || "status" in answer);
}

/** What a request and its answer say besides their content. */
export interface AnswerFacts {
  readonly requestModel?: string | undefined;
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly finishReason?: string | undefined;
}

/** The facts of an answer of any API, or of a list of messages. */
export function answerFacts(output: unknown): AnswerFacts {
  const first = Array.isArray(output) ? output[0] : output;
  if (!isValueObject(first)) return {};
  if (Array.isArray(output)) return { finishReason: textOf(first["finish_reason"]) };
  const choice = arrayOf(first["choices"])[0];
  const isAnswer = answerFormats.some(([fits]) => fits(first));
  return {
    id: isAnswer ? textOf(first["id"]) : undefined,
    model: isAnswer ? textOf(first["model"]) : undefined,
    finishReason:
      textOf(isValueObject(choice) ? choice["finish_reason"] : undefined) ??
      textOf(first["stop_reason"]) ??
      textOf(first["finish_reason"]),
  };
}

/** The messages of a chat API's answer, for a span whose request is in another form. */
export function messagesOfChoices(output: unknown): readonly unknown[] | undefined {
  if (!isValueObject(output) || !hasChoices(output, "message")) return undefined;
  return arrayOf(output["choices"]).map((choice) => {
    const { message, finish_reason } = choice as ValueObject;
    return { ...(isValueObject(message) ? message : { content: message }), finish_reason };
  });
}
