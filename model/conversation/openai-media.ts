import type { Part } from "../message.ts";
import { arrayOf, firstString, objectOf, stringOf, without } from "./json-value.ts";
import { mediaPart, urlSource } from "./media.ts";
import { readParts, text } from "./parts.ts";
import { type ConversationReader, readOpenaiError } from "./request.ts";

/** OpenAI's images: a prompt, for edits with files, and pictures by address or in base64. */
export const openaiImages: ConversationReader = {
  request: (value) => promptRequest(value, "prompt"),
  response(value) {
    const response = objectOf(value);
    const error = readOpenaiError(response);
    if (error !== undefined) return [error];
    const mediaType = `image/${firstString(response["output_format"]) || "png"}`;
    const parts = arrayOf(response["data"]).flatMap((entry): Part[] => {
      const image = objectOf(entry);
      const base64 = stringOf(image["b64_json"]);
      const source = base64 === "" ? urlSource(stringOf(image["url"])) : { kind: "data" as const, mediaType, base64 };
      const revised = stringOf(image["revised_prompt"]);
      return [mediaPart("image", source), ...(revised === "" ? [] : [text(revised)])];
    });
    return parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason: "" }];
  },
};

/** OpenAI's audio: a text to be spoken, or a file and the text that was heard. */
export const openaiAudio: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    return promptRequest(value, request["input"] === undefined ? "prompt" : "input");
  },
  response(value) {
    const response = objectOf(value);
    const error = readOpenaiError(response);
    if (error !== undefined) return [error];
    const parts = readParts(response["text"]);
    return parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason: "" }];
  },
};

/** OpenAI's moderations. */
export const openaiModerations: ConversationReader = {
  request: (value) => promptRequest(value, "input"),
  response(value) {
    const response = objectOf(value);
    const error = readOpenaiError(response);
    if (error !== undefined) return [error];
    const results = arrayOf(response["results"]);
    if (results.length === 0) return [];
    return [{ role: "assistant", parts: [{ type: "json", value: results }], finishReason: "" }];
  },
};

function promptRequest(value: unknown, member: string): ReturnType<ConversationReader["request"]> {
  const request = objectOf(value);
  const parts = [...readParts(request[member]), ...filesOf(request)];
  return {
    system: stringOf(request["instructions"]),
    messages: parts.length === 0 ? [] : [{ role: "user", parts }],
    tools: [],
    params: without(request, member, "instructions", ...fileMembers),
  };
}

const fileMembers = ["file", "image", "image[]", "mask"];

/** Files of a form: their names and sizes were kept, not their bytes. */
function filesOf(request: Readonly<Record<string, unknown>>): Part[] {
  return fileMembers
    .flatMap((member) => (Array.isArray(request[member]) ? request[member] : [request[member]]))
    .map(objectOf)
    .filter((file) => typeof file["filename"] === "string")
    .map((file) => {
      const medium = stringOf(file["content_type"]).startsWith("audio") ? "audio" : "image";
      const fileId = stringOf(file["filename"]);
      return mediaPart(medium, { kind: "file", fileId }, fileId);
    });
}
