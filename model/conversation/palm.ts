import type { Message, Part } from "../message.ts";
import { arrayOf, firstString, type JsonObject, objectOf, stringOf, without } from "./json-value.ts";
import { mediaPart, urlSource } from "./media.ts";
import { readParts, text } from "./parts.ts";
import { type ConversationReader, joinTexts, readError } from "./request.ts";

/** Google's PaLM API: a prompt that is a text, or messages by author with a context and examples. */
export const palm: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const prompt = objectOf(request["prompt"]);
    const said = readParts(firstString(prompt["text"], request["text"])).concat(readParts(request["texts"]));
    const messages = said.length > 0 ? [{ role: "user", parts: said }] : readMessages(prompt["messages"]);
    return {
      system: stringOf(prompt["context"]),
      messages: [...arrayOf(prompt["examples"]).flatMap(readExample), ...messages],
      tools: [],
      params: without(request, "prompt", "text", "texts"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const answers = arrayOf(response["candidates"]).map((entry) => {
      const candidate = objectOf(entry);
      const written = firstString(candidate["output"], candidate["content"]);
      return { role: "assistant", parts: written === "" ? [] : [text(written)], finishReason: "" };
    });
    if (answers.length > 0) return answers;
    const reason = stringOf(objectOf(arrayOf(response["filters"])[0])["reason"]);
    return reason === "" ? [] : [{ role: "assistant", parts: [], finishReason: reason }];
  },
};

/** Authors are whom the caller says they are: the first is the user, whoever answers is the model. */
function readMessages(value: unknown): Message[] {
  const messages = arrayOf(value).map(objectOf);
  const first = stringOf(messages[0]?.["author"]);
  return messages.map((message, index) => {
    const author = stringOf(message["author"]);
    const isUser = author === "" ? index % 2 === 0 : author === first && !isModel(author);
    return { role: isUser ? "user" : "assistant", parts: readParts(message["content"]) };
  });
}

function isModel(author: string): boolean {
  return ["bot", "model", "assistant", "1"].includes(author.toLowerCase());
}

function readExample(value: unknown): Message[] {
  const example = objectOf(value);
  return [
    { role: "user", parts: readParts(objectOf(example["input"])["content"]) },
    { role: "assistant", parts: readParts(objectOf(example["output"])["content"]) },
  ];
}

/** Vertex's `predict`: instances go in, predictions come out; of texts, chats, vectors and pictures. */
export const vertexPredict: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const instances = arrayOf(request["instances"]).map(objectOf);
    return {
      system: joinTexts(instances.map((instance) => stringOf(instance["context"]))),
      messages: instances.flatMap(readInstance),
      tools: [],
      params: { ...without(request, "instances", "parameters"), ...objectOf(request["parameters"]) },
    };
  },
  response(value) {
    const response = objectOf(value);
    const error = readError(response);
    if (error !== undefined) return [error];
    const parts = arrayOf(response["predictions"]).flatMap((entry) => readPrediction(objectOf(entry)));
    return parts.length === 0 ? [] : [{ role: "assistant", parts, finishReason: "" }];
  },
};

function readInstance(instance: JsonObject): Message[] {
  if (Array.isArray(instance["messages"])) return readMessages(instance["messages"]);
  const written = firstString(instance["prompt"], instance["content"], instance["prefix"], instance["text"]);
  return written === "" ? [] : [{ role: "user", parts: [text(written)] }];
}

function readPrediction(prediction: JsonObject): Part[] {
  const values = objectOf(prediction["embeddings"])["values"] ?? prediction["textEmbedding"];
  if (Array.isArray(values)) return [{ type: "embedding", dimensions: values.length }];
  const mediaType = stringOf(prediction["mimeType"]);
  const base64 = stringOf(prediction["bytesBase64Encoded"]);
  if (base64 !== "") return [mediaPart("image", { kind: "data", mediaType, base64 })];
  const uri = stringOf(prediction["gcsUri"]);
  if (uri !== "") return [mediaPart("image", urlSource(uri))];
  const said = [firstString(prediction["content"]), ...arrayOf(prediction["candidates"]).map(readCandidate)];
  return said.filter((written) => written !== "").map((written) => text(written));
}

function readCandidate(value: unknown): string {
  return stringOf(objectOf(value)["content"]);
}
