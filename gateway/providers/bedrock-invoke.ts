import { readMessagesObject, readMessagesUsage } from "./anthropic.ts";
import { readConverse, readConverseUsage } from "./bedrock-converse.ts";
import { readCohereJson } from "./cohere.ts";
import { readChatObject } from "./openai.ts";
import { type Answer, countOf, isRecord, type Json, listOf, recordOf, sumOf, textOf } from "./shape.ts";

/**
 * Bodies of InvokeModel are each model's own, and an inference profile's name hides whose: they are told apart by
 * their members. Whatever usage a body lacks stays as the headers told it.
 */
type Family = (body: Json, answer: Answer) => void;

const families: readonly { readonly isIt: (body: Json) => boolean; readonly read: Family }[] = [
  { isIt: (body) => body["type"] === "message", read: readMessagesObject },
  { isIt: (body) => isRecord(body["output"]) || body["stopReason"] !== undefined, read: readConverse },
  { isIt: (body) => Array.isArray(body["choices"]), read: readOpenaiFamily },
  { isIt: (body) => "generation" in body, read: readLlama },
  { isIt: (body) => Array.isArray(body["results"]) && "inputTextTokenCount" in body, read: readTitan },
  { isIt: (body) => "outputText" in body, read: readTitan },
  { isIt: (body) => Array.isArray(body["outputs"]), read: readMistral },
  { isIt: (body) => Array.isArray(body["completions"]), read: readJurassic },
  { isIt: (body) => "completion" in body, read: readClaudeText },
  { isIt: (body) => isRecord(body["message"]), read: readCohereBody },
  { isIt: (body) => "generations" in body || "generation_id" in body || "response_id" in body, read: readCohereBody },
];

/** Reads an answer of InvokeModel, or what a stream of it adds up to. */
export function readInvokeJson(body: Json, answer: Answer): void {
  const known = { ...answer.usage };
  const hadUsage = answer.hasUsage;
  families.find(({ isIt }) => isIt(body))?.read(body, answer);
  if (countOf(body["inputTextTokenCount"]) !== null && answer.usage.input_tokens === null) {
    answer.usage.input_tokens = countOf(body["inputTextTokenCount"]);
    answer.hasUsage = true;
  }
  readInvocationMetrics(body["amazon-bedrock-invocationMetrics"], answer);
  if (!hadUsage) return;
  // The headers count what some bodies leave out.
  answer.usage.input_tokens ??= known.input_tokens;
  answer.usage.output_tokens ??= known.output_tokens;
  answer.usage.cache_read_tokens ??= known.cache_read_tokens;
  answer.usage.cache_write_tokens ??= known.cache_write_tokens;
  answer.hasUsage = true;
}

/** Bedrock's own counts at the end of a stream, for bodies that have none. */
export function readInvocationMetrics(raw: unknown, answer: Answer): void {
  if (!isRecord(raw) || (answer.usage.input_tokens !== null && answer.usage.output_tokens !== null)) return;
  readConverseUsage(
    {
      inputTokens: raw["inputTokenCount"],
      outputTokens: raw["outputTokenCount"],
      cacheReadInputTokens: raw["cacheReadInputTokenCount"],
      cacheWriteInputTokens: raw["cacheWriteInputTokenCount"],
    },
    answer,
  );
}

function takeCounts(answer: Answer, input: unknown, output: unknown): void {
  answer.usage.input_tokens = countOf(input) ?? answer.usage.input_tokens;
  answer.usage.output_tokens = countOf(output) ?? answer.usage.output_tokens;
  answer.hasUsage ||= answer.usage.input_tokens !== null || answer.usage.output_tokens !== null;
}

/** AI21 Jamba, gpt-oss, Qwen, DeepSeek, Pixtral: chat completions, some with `stop_reason` for the finish. */
function readOpenaiFamily(body: Json, answer: Answer): void {
  readChatObject(body, answer);
  if (answer.finish === "") answer.finish = textOf(recordOf(listOf(body["choices"])[0])["stop_reason"]);
}

function readLlama(body: Json, answer: Answer): void {
  answer.finish = textOf(body["stop_reason"]);
  takeCounts(answer, body["prompt_token_count"], body["generation_token_count"]);
}

/** Titan answers with `results`; its stream's pieces with `outputText`, the last with the counts. */
function readTitan(body: Json, answer: Answer): void {
  const results = listOf(body["results"]).map(recordOf);
  answer.finish = textOf((results[0] ?? body)["completionReason"]);
  const output = sumOf(...results.map((result) => countOf(result["tokenCount"])));
  takeCounts(answer, body["inputTextTokenCount"], output ?? body["totalOutputTextTokenCount"]);
}

function readMistral(body: Json, answer: Answer): void {
  answer.finish = textOf(recordOf(listOf(body["outputs"])[0])["stop_reason"]);
}

function readJurassic(body: Json, answer: Answer): void {
  const completion = recordOf(listOf(body["completions"])[0]);
  answer.finish = textOf(recordOf(completion["finishReason"])["reason"]);
  const input = listOf(recordOf(body["prompt"])["tokens"]).length;
  const output = listOf(recordOf(completion["data"])["tokens"]).length;
  if (answer.usage.input_tokens === null && input > 0) takeCounts(answer, input, output);
}

/** Claude's text completions of old. */
function readClaudeText(body: Json, answer: Answer): void {
  answer.finish = textOf(body["stop_reason"]);
  if (isRecord(body["usage"])) readMessagesUsage(body["usage"], answer);
}

/** Of either of Cohere's versions: Bedrock bills by its own counts. */
export function readCohereBody(body: Json, answer: Answer): void {
  readCohereJson(body, answer);
  answer.billed = null;
}
