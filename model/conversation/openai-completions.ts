import { arrayOf, firstString, objectOf, without } from "./json-value.ts";
import { readParts } from "./parts.ts";
import { type ConversationReader, readOpenaiError } from "./request.ts";

/** Older text completions: a prompt, or with OpenAI several, and the texts that go on from it; Claude's have only one. */
export const openaiCompletions: ConversationReader = {
  request(value) {
    const request = objectOf(value);
    const parts = readParts(request["prompt"]);
    return {
      system: "",
      messages: parts.length === 0 ? [] : [{ role: "user", parts }],
      tools: [],
      params: without(request, "prompt"),
    };
  },
  response(value) {
    const response = objectOf(value);
    const isOne = typeof response["completion"] === "string";
    const choices = (isOne ? [response] : arrayOf(response["choices"])).map((entry) => {
      const choice = objectOf(entry);
      // Mistral's completion between a prompt and a suffix answers as its chat does.
      const parts = readParts(choice["text"] ?? choice["completion"] ?? objectOf(choice["message"])["content"]);
      return { role: "assistant", parts, finishReason: firstString(choice["finish_reason"], choice["stop_reason"]) };
    });
    const error = readOpenaiError(response);
    return error === undefined ? choices : [error, ...choices];
  },
};
