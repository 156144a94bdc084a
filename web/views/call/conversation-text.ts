import type { CallDetail } from "@weir/api/contract";
import type { Conversation, Message, Part } from "@weir/model/browser";

/** A message as plain text, tools and reasoning included. */
export function messageText({ parts }: Message): string {
  return parts.map(partText).filter(Boolean).join("\n\n");
}

function partText(part: Part): string {
  switch (part.type) {
    case "text":
    case "refusal":
    case "error":
      return part.text;
    case "reasoning":
      return part.text === "" ? "" : `[reasoning]\n${part.text}`;
    case "tool_call":
      return `[tool call ${part.name}]\n${part.arguments}`;
    case "tool_result":
      return `[tool result]\n${part.parts.map(partText).join("\n")}`;
    case "json":
    case "unknown":
      return JSON.stringify(part.value, null, 2);
    case "embedding":
      return `[embedding of ${part.dimensions} dimensions]`;
    default:
      return `[${part.type}${part.name === "" ? "" : ` ${part.name}`}]`;
  }
}

/** The whole conversation, to be pasted where people talk about it. */
export function conversationText({ system, messages, response }: Conversation): string {
  const turns = [
    ...(system === "" ? [] : [`system:\n${system}`]),
    ...messages.map((message) => `${message.role}:\n${messageText(message)}`),
    ...(response === null ? [] : [`${response.role}:\n${messageText(response)}`]),
  ];
  return turns.join("\n\n");
}

/** Paths of the formats, for calls that were recorded elsewhere. */
const formatPaths: Readonly<Record<string, string>> = {
  "openai.chat": "/v1/chat/completions",
  "openai.completions": "/v1/completions",
  "openai.responses": "/v1/responses",
  "openai.embeddings": "/v1/embeddings",
  "anthropic.messages": "/v1/messages",
};

type Repeatable = Pick<
  CallDetail,
  "provider" | "http_route" | "content_format" | "content_state" | "input" | "attributes"
>;

/** The call as a curl command through this install; undefined when its request was not kept whole or is no API's. */
export function curlCommand(call: Repeatable, origin: string): string | undefined {
  const path = /^POST (\/[\w./-]+)$/.exec(call.http_route)?.[1] ?? formatPaths[call.content_format];
  if (
    path === undefined ||
    call.content_state !== "full" ||
    call.input === "" ||
    call.content_format === "weir.messages"
  )
    return undefined;
  const provider = call.attributes["weir.provider"] ?? call.provider;
  const isAnthropic = call.content_format === "anthropic.messages";
  const credential = isAnthropic
    ? ['-H "x-api-key: $ANTHROPIC_API_KEY"', '-H "anthropic-version: 2023-06-01"']
    : [`-H "authorization: Bearer $${provider.toUpperCase().replace(/\W+/g, "_")}_API_KEY"`];
  return [
    `curl "${origin}/${provider}${path}"`,
    ...credential,
    '-H "content-type: application/json"',
    `--data-binary @- <<'JSON'\n${call.input}\nJSON`,
  ].join(" \\\n  ");
}
