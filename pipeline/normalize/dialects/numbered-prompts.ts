import { structureOf, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOfKey } from "../content-side.ts";
import { inOrder, numberedValues } from "../numbered-keys.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

/**
 * `gen_ai.prompt.0.role`, `.content`, `.tool_calls.0.name` … of Traceloop before its move to the conventions, and
 * `gen_ai.prompt` and `gen_ai.completion` as one text (LangSmith, and the conventions before 1.27).
 */
export function numberedPrompts({ attributes }: SpanView): Sides {
  return {
    input: numberedSide(attributes, "gen_ai.prompt.", "user", withTools) ?? sideOfKey(attributes, "gen_ai.prompt"),
    output: numberedSide(attributes, "gen_ai.completion.", "assistant") ?? sideOfKey(attributes, "gen_ai.completion"),
  };
}

type Wrap = (
  attributes: SpanView["attributes"],
  messages: readonly ValueObject[],
  keys: readonly string[],
) => Side | undefined;

function numberedSide(
  attributes: SpanView["attributes"],
  prefix: string,
  role: string,
  wrap: Wrap = (_, messages, keys) => messagesSide(messages, keys),
): Side | undefined {
  const numbered = numberedValues(attributes, prefix);
  if (numbered === undefined) return undefined;
  return wrap(
    attributes,
    inOrder(numbered.tree).map((entry) => readMessage(entry, role)),
    numbered.keys,
  );
}

/** `llm.request.functions.0.name`, `.description`, `.parameters`: the tools that were offered. */
function withTools(
  attributes: SpanView["attributes"],
  messages: readonly ValueObject[],
  keys: readonly string[],
): Side | undefined {
  const functions = numberedValues(attributes, "llm.request.functions.");
  if (functions === undefined) return messagesSide(messages, keys);
  const tools = inOrder(functions.tree).map((entry) => ({
    name: textOf(entry["name"]) ?? "",
    description: textOf(entry["description"]) ?? "",
    parameters: structureOf(entry["parameters"]) ?? null,
  }));
  return messagesSide({ messages, tools }, [...keys, ...functions.keys]);
}

function readMessage(entry: ValueObject, role: string): ValueObject {
  const calls = inOrder(entry["tool_calls"]).map((call) => ({
    id: textOf(call["id"]) ?? "",
    type: "function",
    function: { name: textOf(call["name"]) ?? "", arguments: textOf(call["arguments"]) ?? "" },
  }));
  const toolCallId = textOf(entry["tool_call_id"]);
  const finish = textOf(entry["finish_reason"]);
  const reasoning = textOf(entry["reasoning"]);
  return {
    role: textOf(entry["role"]) ?? role,
    content: structureOf(entry["content"]) ?? textOf(entry["content"]) ?? null,
    ...(reasoning !== undefined && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(finish !== undefined && { finish_reason: finish }),
  };
}
