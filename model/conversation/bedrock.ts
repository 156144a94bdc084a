import type { Message, Part } from "../message.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { cohereChat, cohereEmbed, cohereGenerate, cohereRerank, cohereV1Chat } from "./cohere.ts";
import {
  arrayOf,
  firstString,
  isObject,
  type JsonObject,
  jsonText,
  objectOf,
  stringOf,
  without,
} from "./json-value.ts";
import { mediaPart } from "./media.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiCompletions } from "./openai-completions.ts";
import { reasoning, text } from "./parts.ts";
import { type ConversationReader, joinTexts, type ReadRequest, type ReadResponse, readError } from "./request.ts";

/** Bedrock's Converse API: every content block has one member that says what it is. */
export const bedrockConverse: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return {
      system: joinTexts(arrayOf(request["system"]).map((block) => stringOf(objectOf(block)["text"]))),
      messages: arrayOf(request["messages"]).map(readMessage),
      tools: arrayOf(objectOf(request["toolConfig"])["tools"]).map((entry) => {
        const tool = objectOf(entry);
        const spec = objectOf(tool["toolSpec"]);
        const name = firstString(spec["name"], objectOf(tool["systemTool"])["name"]) || (Object.keys(tool)[0] ?? "");
        const parameters = objectOf(spec["inputSchema"])["json"] ?? null;
        return { name, description: stringOf(spec["description"]), parameters };
      }),
      params: {
        ...without(request, "system", "messages", "toolConfig", "inferenceConfig"),
        ...objectOf(request["inferenceConfig"]),
      },
    };
  },
  response(value) {
    const response = objectOf(value);
    const message = objectOf(response["output"])["message"];
    if (message === undefined) return errorOf(response);
    const { role, parts } = readMessage(message);
    return [{ role: role || "assistant", parts, finishReason: stringOf(response["stopReason"]) }];
  },
};

function errorOf(response: JsonObject): ReadResponse {
  const error = readError(response);
  if (error !== undefined) return [error];
  const message = firstString(response["message"], response["Message"]);
  if (message === "") return [];
  const part: Part = { type: "error", text: message, code: stringOf(response["__type"]) };
  return [{ role: "assistant", parts: [part], finishReason: "error" }];
}

function readMessage(value: unknown): Message {
  const message = objectOf(value);
  const content = message["content"];
  const parts =
    typeof content === "string" ? [text(content)] : arrayOf(content).flatMap((block) => readBlock(block, 0));
  const isResults = parts.length > 0 && parts.every(({ type }) => type === "tool_result");
  return { role: isResults ? "tool" : stringOf(message["role"]), parts };
}

type BlockReader = (value: unknown, depth: number) => Part[];

const deepestResult = 4;

const blocks: Readonly<Record<string, BlockReader>> = {
  text: (value) => (stringOf(value) === "" ? [] : [text(stringOf(value))]),
  json: (value) => [{ type: "json", value }],
  toolUse: (value) => {
    const call = objectOf(value);
    const isProviderTool = call["type"] === "server_tool_use";
    const id = stringOf(call["toolUseId"]);
    const name = stringOf(call["name"]);
    return [{ type: "tool_call", id, name, arguments: jsonText(call["input"] ?? {}), isProviderTool }];
  },
  toolResult: (value, depth) => {
    const result = objectOf(value);
    const content = arrayOf(result["content"]);
    const parts: Part[] =
      depth >= deepestResult
        ? [{ type: "json", value: content }]
        : content.flatMap((block) => readBlock(block, depth + 1));
    return [{ type: "tool_result", id: stringOf(result["toolUseId"]), parts, isError: result["status"] === "error" }];
  },
  reasoningContent: (value) => {
    const content = objectOf(value);
    const written = stringOf(objectOf(content["reasoningText"])["text"]);
    return [reasoning(written, written === "" && content["redactedContent"] !== undefined)];
  },
  image: (value) => [readMedia("image", value)],
  video: (value) => [readMedia("video", value)],
  audio: (value) => [readMedia("audio", value)],
  document: (value) => [readMedia("document", value)],
  citationsContent: (value, depth) => arrayOf(objectOf(value)["content"]).flatMap((block) => readBlock(block, depth)),
  guardContent: (value) => {
    const guarded = objectOf(value);
    return [text(firstString(objectOf(guarded["text"])["text"], guarded["text"]))];
  },
  cachePoint: () => [],
};

function readBlock(value: unknown, depth: number): Part[] {
  const block = objectOf(value);
  const kind = Object.keys(block).find((key) => Object.hasOwn(blocks, key)) ?? "";
  const reader = blocks[kind];
  if (reader !== undefined) return reader(block[kind], depth);
  const label = Object.keys(block)[0];
  return label === undefined ? [] : [{ type: "unknown", label, value: block }];
}

function readMedia(medium: "image" | "video" | "audio" | "document", value: unknown): Part {
  const media = objectOf(value);
  const source = objectOf(media["source"]);
  const name = stringOf(media["name"]);
  const uri = firstString(objectOf(source["s3Location"])["uri"]);
  if (uri !== "") return mediaPart(medium, { kind: "url", url: uri }, name);
  if (typeof source["text"] === "string") {
    return mediaPart(medium, { kind: "text", mediaType: "text/plain", text: source["text"] }, name);
  }
  const format = stringOf(media["format"]);
  const mediaType = medium === "document" ? `application/${format}` : `${medium}/${format}`;
  return mediaPart(medium, { kind: "data", mediaType, base64: stringOf(source["bytes"]) }, name);
}

/** InvokeModel: bodies of each model's own API, told apart by their members. */
export const bedrockInvoke: ConversationReader = {
  request: (value) => requestReader(objectOf(value))(value),
  response: (value) => responseReader(objectOf(value))(value),
};

function requestReader(body: JsonObject): (value: unknown) => ReadRequest {
  if (typeof body["anthropic_version"] === "string") return anthropicMessages.request;
  if (Array.isArray(body["messages"])) return isConverse(body) ? bedrockConverse.request : openaiChat.request;
  if (body["query"] !== undefined && body["documents"] !== undefined) return cohereRerank.request;
  if (typeof body["message"] === "string") return cohereV1Chat.request;
  if (Array.isArray(body["texts"]) || Array.isArray(body["images"])) return cohereEmbed.request;
  if (body["inputText"] !== undefined) return (value) => promptRequest(value, "inputText");
  return (value) => promptRequest(value, "prompt");
}

function isConverse(body: JsonObject): boolean {
  if (body["inferenceConfig"] !== undefined || body["schemaVersion"] !== undefined) return true;
  const content = objectOf(arrayOf(body["messages"])[0])["content"];
  return isObject(arrayOf(content)[0]) && objectOf(arrayOf(content)[0])["type"] === undefined;
}

/** Models that take one text. */
function promptRequest(value: unknown, member: string): ReadRequest {
  const body = objectOf(value);
  const written = stringOf(body[member]);
  const messages = written === "" ? [] : [{ role: "user", parts: [text(written)] }];
  const config = objectOf(body["textGenerationConfig"]);
  return { system: "", messages, tools: [], params: { ...without(body, member, "textGenerationConfig"), ...config } };
}

function responseReader(body: JsonObject): (value: unknown) => ReadResponse {
  if (body["type"] === "message" || body["type"] === "error") return anthropicMessages.response;
  if (isObject(body["output"])) return bedrockConverse.response;
  if (Array.isArray(body["choices"])) {
    const isChat = "message" in objectOf(body["choices"][0]);
    return isChat ? openaiChat.response : openaiCompletions.response;
  }
  if (isObject(body["message"])) return cohereChat.response;
  if (Array.isArray(body["images"])) return imagesResponse;
  if (body["embeddings"] !== undefined) return cohereEmbed.response;
  if (Array.isArray(body["embedding"]))
    return (value) => cohereEmbed.response({ embeddings: [objectOf(value)["embedding"]] });
  if (Array.isArray(body["generations"])) return cohereGenerate.response;
  if (body["generation_id"] !== undefined || body["response_id"] !== undefined) return cohereV1Chat.response;
  if (Array.isArray(body["results"]) && objectOf(body["results"][0])["relevance_score"] !== undefined) {
    return cohereRerank.response;
  }
  return textResponse;
}

/** Pictures of Nova, Titan and Stability: bare base64, whose format is only in its bytes. */
function imagesResponse(value: unknown): ReadResponse {
  const parts = arrayOf(objectOf(value)["images"]).map((image) => {
    return mediaPart("image", { kind: "data", mediaType: "", base64: stringOf(image) });
  });
  return parts.length === 0 ? errorOf(objectOf(value)) : [{ role: "assistant", parts, finishReason: "" }];
}

/** Llama's `generation`, Titan's `results`, Mistral's `outputs`, Claude's `completion`, Jurassic's `completions`. */
function textResponse(value: unknown): ReadResponse {
  const body = objectOf(value);
  const entries = [body["results"], body["outputs"], body["completions"]].find(Array.isArray) ?? [body];
  const answers = arrayOf(entries).map((entry) => {
    const answer = { ...objectOf(entry), ...objectOf(objectOf(entry)["data"]) };
    const written = firstString(answer["generation"], answer["outputText"], answer["text"], answer["completion"]);
    const finishReason = firstString(
      ...[answer["stop_reason"], answer["completionReason"], objectOf(answer["finishReason"])["reason"]],
    );
    return { role: "assistant", parts: written === "" ? [] : [text(written)], finishReason };
  });
  const said = answers.filter(({ parts, finishReason }) => parts.length > 0 || finishReason !== "");
  return said.length > 0 ? said : errorOf(body);
}
