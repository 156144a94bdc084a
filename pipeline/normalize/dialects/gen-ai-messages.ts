import { arrayOf, isValueObject, parsedJson, structureOf, textOf } from "../attribute-value.ts";
import { sideOf, sideOfKey } from "../content-side.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

/**
 * OpenTelemetry's conventions of today: `gen_ai.input.messages`, `.output.messages`, `.system_instructions` and
 * `.tool.definitions`, as attributes of the span or of its event. What was sent is kept byte for byte; instructions and
 * tools stand beside the messages in one JSON object.
 */
export function genAiMessages(view: SpanView): Sides {
  const event = view.events.find(({ name }) => name === "gen_ai.client.inference.operation.details");
  const own = readMessages(view.attributes);
  if (event === undefined) return own;
  const details = readMessages(event.attributes);
  return { input: details.input ?? own.input, output: details.output ?? own.output };
}

/** Instructions without messages: all that is left where the messages travel in log records. */
export function genAiInstructions({ attributes }: SpanView): Sides {
  return { input: withInstructions(attributes, undefined) };
}

const inputKeys = {
  system_instructions: "gen_ai.system_instructions",
  messages: "gen_ai.input.messages",
  tools: "gen_ai.tool.definitions",
} as const;

function readMessages(attributes: SpanView["attributes"]): Sides {
  return { input: readInput(attributes), output: asMessages(sideOfKey(attributes, "gen_ai.output.messages")) };
}

function readInput(attributes: SpanView["attributes"]): Side | undefined {
  const messages = asMessages(sideOfKey(attributes, inputKeys.messages));
  return messages === undefined ? undefined : withInstructions(attributes, messages);
}

/** Messages, in any dialect's form, with the system instructions and tools that stand in attributes of their own. */
export function withInstructions(attributes: SpanView["attributes"], messages: Side | undefined): Side | undefined {
  const system = sideOfKey(attributes, inputKeys.system_instructions);
  const tools = sideOf(toolList(attributes[inputKeys.tools]), [inputKeys.tools]);
  if (messages === undefined && system === undefined) return undefined;
  // What is no list of messages is kept as it is.
  if (messages !== undefined && !Array.isArray(messages.value)) return messages;
  const isRepeated = messages !== undefined && repeats(messages.value, system);
  const beside = [
    [inputKeys.system_instructions, "system_instructions", isRepeated ? undefined : system],
    [inputKeys.tools, "tools", tools],
  ] as const;
  const members = beside.flatMap(([, name, side]) => {
    if (side === undefined || side.form === "cut") return [];
    return [`"${name}":${side.form === "text" ? JSON.stringify(side.text) : side.text}`];
  });
  const repeatedKeys = isRepeated ? [inputKeys.system_instructions] : [];
  if (members.length === 0 && messages !== undefined) return { ...messages, keys: [...messages.keys, ...repeatedKeys] };
  members.push(`"messages":${messages?.text ?? "[]"}`);
  const text = `{${members.join(",")}}`;
  const usedKeys = beside.flatMap(([key, , side]) => (side === undefined || side.form === "cut" ? [] : [key]));
  return {
    form: "messages",
    text,
    value: parsedJson(text),
    keys: [...(messages?.keys ?? []), ...usedKeys, ...repeatedKeys],
  };
}

/** The conventions promise messages, whatever they hold. */
function asMessages(side: Side | undefined): Side | undefined {
  return side?.form === "json" ? { ...side, form: "messages" } : side;
}

/** A list of definitions; some senders write each of them as JSON text. */
function toolList(value: unknown): unknown {
  const tools = arrayOf(value);
  if (tools.length === 0) return undefined;
  return tools.some((tool) => typeof tool === "string") ? tools.map((tool) => structureOf(tool) ?? tool) : value;
}

/** Some emitters give the system prompt twice: on its own, and as the first message. */
function repeats(messages: unknown, system: Side | undefined): boolean {
  if (system === undefined) return false;
  return arrayOf(messages).some(
    (message) => isValueObject(message) && /^(?:system|developer)$/.test(textOf(message["role"]) ?? ""),
  );
}
