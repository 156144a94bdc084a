import { OllamaStream } from "./ollama-stream.ts";
import { type Answer, type Api, type ApiRoute, countOf, defineApi, type Json, noteDetail, textOf } from "./shape.ts";

const durations = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"];

/**
 * The last line of Ollama's own API, or its only one. The prompt's count is left out when all of it was cached, by
 * servers of old. Durations are in ns.
 */
export function readOllama(body: Json, answer: Answer): void {
  answer.model = textOf(body["model"]) || answer.model;
  answer.finish = textOf(body["done_reason"]) || (body["done"] === true ? "stop" : "");
  const { usage } = answer;
  usage.input_tokens = countOf(body["prompt_eval_count"]);
  usage.output_tokens = countOf(body["eval_count"]);
  answer.hasUsage = usage.input_tokens !== null || usage.output_tokens !== null;
  for (const name of durations) noteDetail(answer, `${name}_ns`, body[name]);
}

const chat: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "ollama.chat",
  route: "/api/chat",
  streams: "unless_refused",
  readJson: readOllama,
  openStream: (allowance) => new OllamaStream(allowance, readOllama),
});
const generate: Api = { ...chat, operation: "text_completion", format: "ollama.generate", route: "/api/generate" };
const embed: Api = defineApi({
  operation: "embeddings",
  kind: "embedding",
  format: "ollama.embed",
  route: "/api/embed",
  dropsOutput: true,
  readJson(body, answer) {
    readOllama(body, answer);
    answer.finish = "";
  },
});

const paths: Readonly<Record<string, Api>> = {
  "/api/chat": chat,
  "/api/generate": generate,
  "/api/embed": embed,
  "/api/embeddings": { ...embed, route: "/api/embeddings" },
};

export const ollamaRoutes: readonly ApiRoute[] = Object.entries(paths).map(([path, api]) => ({
  method: "POST",
  path: new RegExp(`^${path}$`),
  api,
}));
