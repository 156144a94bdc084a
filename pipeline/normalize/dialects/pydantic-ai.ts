import { arrayOf, isValueObject, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOfFirst } from "../content-side.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";
import { eventChoice, eventMessage } from "./gen-ai-events.ts";
import { withInstructions } from "./gen-ai-messages.ts";

/**
 * pydantic-ai and Logfire: the whole run on agent spans (`pydantic_ai.all_messages`, before version 2
 * `all_messages_events`), the events of a call as one attribute (`events`, version 1), tools' own attributes.
 */
export function pydanticAi({ attributes, kind }: SpanView): Sides {
  if (kind === "tool") {
    return { input: sideOfFirst(attributes, "tool_arguments"), output: sideOfFirst(attributes, "tool_response") };
  }
  const final = sideOfFirst(attributes, "final_result");
  const run = wholeRun(attributes);
  if (run !== undefined) return { input: run.input, output: final ?? run.output };
  return { ...eventList(attributes, "events"), ...(final !== undefined && { output: final }) };
}

/** The messages of a run; those at the end that the model wrote are its answer. */
function wholeRun(attributes: SpanView["attributes"]): Sides | undefined {
  const key = ["pydantic_ai.all_messages", "all_messages"].find((name) => attributes[name] !== undefined);
  if (key === undefined) {
    const events = eventList(attributes, "all_messages_events");
    return events.input === undefined ? undefined : events;
  }
  const messages = arrayOf(attributes[key]);
  const last = messages.at(-1);
  const isAnswered = isValueObject(last) && last["role"] === "assistant";
  return {
    input: withInstructions(attributes, messagesSide(isAnswered ? messages.slice(0, -1) : messages, [key])),
    output: isAnswered ? messagesSide([last], [key]) : undefined,
  };
}

/** A list of `{"event.name": "gen_ai.user.message", …}`. */
function eventList(attributes: SpanView["attributes"], key: string): Sides {
  const events = arrayOf(attributes[key]).filter(isValueObject);
  const nameOf = (event: ValueObject) => textOf(event["event.name"]) ?? "";
  const messages = events.flatMap<ValueObject>((event) => eventMessage(nameOf(event), event) ?? []);
  const choices = events.flatMap<ValueObject>((event) => eventChoice(nameOf(event), event) ?? []);
  const side = (list: readonly ValueObject[]): Side | undefined => messagesSide(list, [key]);
  return { input: side(messages), output: side(choices) };
}
