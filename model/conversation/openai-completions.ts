import { arrayOf, objectOf, stringOf, without } from "./json-value.ts";
import { readParts } from "./parts.ts";
import { type ConversationReader, readError } from "./request.ts";

/** OpenAI's older text completions: a prompt, or several, and the texts that go on from it. */
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
    const choices = arrayOf(response["choices"]).map((entry) => {
      const choice = objectOf(entry);
      return { role: "assistant", parts: readParts(choice["text"]), finishReason: stringOf(choice["finish_reason"]) };
    });
    const error = readError(response);
    return error === undefined ? choices : [error, ...choices];
  },
};
