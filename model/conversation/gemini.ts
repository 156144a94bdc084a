import type { Message, Part, ToolDefinition } from "../message.ts";
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
import { mediaPart, urlSource } from "./media.ts";
import { plainText, reasoning, text } from "./parts.ts";
import { type ConversationReader, joinTexts, readError } from "./request.ts";

/** Gemini's and Vertex's `generateContent`: contents of parts, each part with one member that says what it is. */
export const geminiGenerate: ConversationReader = {
  request(value) {
    const outer = objectOf(value);
    // `countTokens` may wrap the request.
    const request = isObject(outer["generateContentRequest"]) ? outer["generateContentRequest"] : outer;
    const instruction = request["systemInstruction"] ?? request["system_instruction"];
    const config = objectOf(request["generationConfig"] ?? request["generation_config"]);
    return {
      system: joinTexts(contentsOf(instruction).map(({ parts }) => plainTextOf(parts))),
      messages: contentsOf(request["contents"]),
      tools: arrayOf(request["tools"]).flatMap(readTools),
      params: {
        ...without(
          request,
          ...["contents", "systemInstruction", "system_instruction", "tools", "generationConfig", "generation_config"],
        ),
        ...config,
      },
    };
  },
  response(value) {
    const response = objectOf(Array.isArray(value) ? value[0] : value);
    const error = readError(response);
    const answers = arrayOf(response["candidates"]).map((entry) => {
      const candidate = objectOf(entry);
      const message = readContent(candidate["content"]);
      return { ...message, role: "assistant", finishReason: stringOf(candidate["finishReason"]) };
    });
    if (error !== undefined) return [error, ...answers];
    const blocked = stringOf(objectOf(response["promptFeedback"])["blockReason"]);
    if (answers.length > 0 || blocked === "") return answers;
    return [{ role: "assistant", parts: [], finishReason: blocked }];
  },
};

/** Gemini's `embedContent` and `batchEmbedContents`. */
export const geminiEmbed: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const requests = Array.isArray(request["requests"]) ? request["requests"] : [request];
    return {
      system: "",
      messages: requests.flatMap((entry) => contentsOf(objectOf(entry)["content"])),
      tools: [],
      params: without(request, "requests", "content"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const vectors = response["embeddings"] ?? (response["embedding"] === undefined ? [] : [response["embedding"]]);
    const parts = arrayOf(vectors).map((entry): Part => {
      return { type: "embedding", dimensions: arrayOf(objectOf(entry)["values"]).length };
    });
    return parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason: "" }];
  },
};

/** Contents, one content, or what SDKs take for it: a text, or a list of texts and parts. */
function contentsOf(value: unknown): Message[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [{ role: "user", parts: [text(value)] }];
  if (!Array.isArray(value)) return [readContent(value)];
  const isParts = value.some((entry) => typeof entry === "string" || (isObject(entry) && !("parts" in entry)));
  return isParts ? [{ role: "user", parts: value.flatMap(readPart) }] : value.map(readContent);
}

function readContent(value: unknown): Message {
  const content = objectOf(value);
  const parts = arrayOf(content["parts"]).flatMap(readPart);
  return { role: roleOf(stringOf(content["role"]), parts), parts };
}

/** Results of tools come from the user, or from a role of their own. */
function roleOf(role: string, parts: readonly Part[]): string {
  if (role === "model") return "assistant";
  const isResults = parts.length > 0 && parts.every(({ type }) => type === "tool_result");
  return isResults ? "tool" : role === "" ? "user" : role;
}

function readPart(value: unknown): Part[] {
  if (typeof value === "string") return [text(value)];
  const part = objectOf(value);
  if (typeof part["text"] === "string") return readText(part);
  const call = part["functionCall"] ?? part["function_call"];
  if (isObject(call)) return [readCall(call)];
  const result = part["functionResponse"] ?? part["function_response"];
  if (isObject(result)) return [readResult(result)];
  const inline = part["inlineData"] ?? part["inline_data"];
  if (isObject(inline)) return [readInline(inline)];
  const file = part["fileData"] ?? part["file_data"];
  if (isObject(file)) return [readFile(file)];
  return readToolOfGoogle(part);
}

function readText(part: JsonObject): Part[] {
  const written = stringOf(part["text"]);
  if (part["thought"] === true) return [reasoning(written)];
  return written === "" ? [] : [text(written)];
}

function readCall(call: JsonObject): Part {
  const name = stringOf(call["name"]);
  const id = firstString(call["id"], name);
  return { type: "tool_call", id, name, arguments: jsonText(call["args"] ?? {}), isProviderTool: false };
}

/** A result is an object, in which `output` and `error` have a meaning; media may come beside it. */
function readResult(result: JsonObject): Part {
  const response = result["response"];
  const output = objectOf(response)["output"] ?? objectOf(response)["result"];
  const isOnly = isObject(response) && Object.keys(response).length === 1;
  const shown = isOnly && typeof output === "string" ? text(output) : { type: "json" as const, value: response };
  return {
    type: "tool_result",
    id: firstString(result["id"], result["name"]),
    parts: [shown, ...arrayOf(result["parts"]).flatMap(readPart)],
    isError: isObject(response) && "error" in response,
  };
}

function mediumOf(mimeType: string): "image" | "audio" | "video" | "document" {
  return (["image", "audio", "video"] as const).find((medium) => mimeType.startsWith(medium)) ?? "document";
}

function readInline(data: JsonObject): Part {
  const mediaType = firstString(data["mimeType"], data["mime_type"]);
  const source = { kind: "data" as const, mediaType, base64: stringOf(data["data"]) };
  return mediaPart(mediumOf(mediaType), source, stringOf(data["displayName"]));
}

function readFile(file: JsonObject): Part {
  const url = firstString(file["fileUri"], file["file_uri"]);
  return mediaPart(mediumOf(firstString(file["mimeType"], file["mime_type"])), urlSource(url));
}

/** Tools that Google runs itself: code that was written and run, and searches. */
function readToolOfGoogle(part: JsonObject): Part[] {
  const code = part["executableCode"] ?? part["executable_code"];
  if (isObject(code)) return [googleCall("code_execution", stringOf(code["id"]), code)];
  const outcome = part["codeExecutionResult"] ?? part["code_execution_result"];
  if (isObject(outcome)) {
    const isError = !["OUTCOME_OK", "OUTCOME_UNSPECIFIED", ""].includes(stringOf(outcome["outcome"]));
    return [{ type: "tool_result", id: stringOf(outcome["id"]), parts: [text(stringOf(outcome["output"]))], isError }];
  }
  const call = part["toolCall"];
  if (isObject(call)) {
    // What Google does to look through a video has no type.
    const name = stringOf(call["toolType"]).toLowerCase() || "tool";
    return [googleCall(name, stringOf(call["id"]), call["args"])];
  }
  const response = part["toolResponse"];
  if (isObject(response)) {
    const parts: Part[] = [{ type: "json", value: response["response"] }];
    return [{ type: "tool_result", id: stringOf(response["id"]), parts, isError: false }];
  }
  const label = Object.keys(part).find((key) => key !== "thoughtSignature" && key !== "thought");
  return label === undefined ? [] : [{ type: "unknown", label, value: part }];
}

function googleCall(name: string, id: string, input: unknown): Part {
  return { type: "tool_call", id, name, arguments: jsonText(input), isProviderTool: true };
}

/** An entry of `tools` declares functions, or names one of Google's own tools. */
function readTools(value: unknown): ToolDefinition[] {
  const tool = objectOf(value);
  const declarations = tool["functionDeclarations"] ?? tool["function_declarations"];
  if (Array.isArray(declarations)) {
    return declarations.map((entry) => {
      const declaration = objectOf(entry);
      return {
        name: stringOf(declaration["name"]),
        description: stringOf(declaration["description"]),
        parameters: declaration["parameters"] ?? declaration["parametersJsonSchema"] ?? null,
      };
    });
  }
  return Object.keys(tool).map((name) => ({ name, description: "", parameters: null }));
}

function plainTextOf(parts: readonly Part[]): string {
  return plainText(parts.filter((part) => part.type === "text").map((part) => part.text));
}
