import type { ContentFormat } from "@weir/model";
import type { AnyValue, Attributes } from "@weir/otlp";
import { isValueObject, textOf, type ValueObject } from "./attribute-value.ts";
import { joinSides } from "./content.ts";
import { messagesSide } from "./content-side.ts";
import { eventChoice, eventMessage } from "./dialects/gen-ai-events.ts";
import { genAiMessages } from "./dialects/gen-ai-messages.ts";
import type { Side } from "./span-view.ts";

/** What is needed of an OTLP log record, whose content belongs to the span with its trace and span id. */
export interface ContentLog {
  /** `event_name`; older senders have an attribute `event.name`. */
  readonly eventName: string;
  readonly body: AnyValue;
  readonly attributes: Attributes;
}

/** What one log record adds to a span's content: one message, one answer, or all of either side. */
export interface LogContent {
  readonly message?: ValueObject | undefined;
  readonly choice?: ValueObject | undefined;
  readonly input?: Side | undefined;
  readonly output?: Side | undefined;
}

export interface JoinedContent {
  readonly content_format: ContentFormat;
  readonly input: string;
  readonly output: string;
  readonly isTruncated: boolean;
}

/**
 * The content in a log record of OpenTelemetry's GenAI conventions: `gen_ai.user.message` …, `gen_ai.choice`, and
 * `gen_ai.client.inference.operation.details`. Undefined for any other record. Never throws.
 */
export function contentFromLog({ eventName, body, attributes }: ContentLog): LogContent | undefined {
  const name = eventName || (textOf(attributes["event.name"]) ?? "");
  const held = isValueObject(body) ? { ...attributes, ...body } : attributes;
  const message = eventMessage(name, held);
  if (message !== undefined) return { message };
  const choice = eventChoice(name, held);
  if (choice !== undefined) return { choice };
  if (name !== "gen_ai.client.inference.operation.details") return undefined;
  const sides = genAiMessages({ attributes: held as Attributes, events: [], kind: "llm", isRoot: false, fields: {} });
  return sides.input === undefined && sides.output === undefined ? undefined : sides;
}

/** The columns of a span whose content came in log records, given in their order. */
export function joinLogContents(contents: readonly LogContent[]): JoinedContent {
  const messages = contents.flatMap<ValueObject>(({ message }) => message ?? []);
  const choices = contents.flatMap<ValueObject>(({ choice }) => choice ?? []);
  const whole = contents.findLast(({ input, output }) => input !== undefined || output !== undefined);
  const { format, input, output, isTruncated } = joinSides(
    whole?.input ?? messagesSide(messages, []),
    whole?.output ?? messagesSide(choices, []),
  );
  return { content_format: format, input, output, isTruncated };
}
