import { InteractionStream } from "./gemini-interactions-stream.ts";
import {
  type Answer,
  type Api,
  type ApiRoute,
  countOf,
  defineApi,
  isRecord,
  type Json,
  listOf,
  noteDetail,
  recordOf,
  sumOf,
  textOf,
} from "./shape.ts";

/**
 * The usage of Gemini's Interactions: the input's tokens include cached ones, but not those of what tools gave back; the
 * output's do not include thoughts. https://ai.google.dev/gemini-api/docs/interactions
 */
function readInteractionUsage(raw: unknown, answer: Answer): void {
  if (!isRecord(raw)) return;
  const { usage } = answer;
  const toolTokens = countOf(raw["total_tool_use_tokens"]);
  usage.input_tokens = sumOf(countOf(raw["total_input_tokens"]), toolTokens);
  usage.reasoning_tokens = countOf(raw["total_thought_tokens"]);
  usage.output_tokens = sumOf(countOf(raw["total_output_tokens"]), usage.reasoning_tokens);
  usage.cache_read_tokens = countOf(raw["total_cached_tokens"]);
  usage.input_audio_tokens = tokensOf(raw["input_tokens_by_modality"], "audio");
  usage.output_audio_tokens = tokensOf(raw["output_tokens_by_modality"], "audio");
  answer.hasUsage = usage.input_tokens !== null || usage.output_tokens !== null;
  noteDetail(answer, "tool_use_input_tokens", toolTokens);
  noteDetail(answer, "input_image_tokens", tokensOf(raw["input_tokens_by_modality"], "image"));
  noteDetail(answer, "input_video_tokens", tokensOf(raw["input_tokens_by_modality"], "video"));
  noteDetail(answer, "output_image_tokens", tokensOf(raw["output_tokens_by_modality"], "image"));
  const searches = listOf(raw["grounding_tool_count"])
    .map(recordOf)
    .filter(({ type }) => type === "google_search");
  noteDetail(answer, "web_search_requests", sumOf(...searches.map((entry) => countOf(entry["count"]))));
}

function tokensOf(counts: unknown, modality: string): number | null {
  const entries = listOf(counts).map(recordOf);
  return sumOf(...entries.filter((entry) => entry["modality"] === modality).map((entry) => countOf(entry["tokens"])));
}

/** Reads an Interaction, whole or as an event tells it: what it does not say stays as it was. */
function readInteraction(body: Json, answer: Answer): void {
  answer.model = textOf(body["model"]) || textOf(body["agent"]) || answer.model;
  answer.id = textOf(body["id"]) || answer.id;
  answer.serviceTier = textOf(body["service_tier"]) || answer.serviceTier;
  const status = textOf(body["status"]);
  if (status !== "in_progress" && status !== "") answer.finish = status;
  readInteractionUsage(body["usage"], answer);
  const [error] = listOf(body["errors"]).map(recordOf);
  if (status !== "failed" || answer.errorMessage !== "") return;
  answer.errorType = textOf(error?.["code"]) || "server_error";
  answer.errorMessage = textOf(error?.["message"]) || status;
}

const interactions: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "gemini.interactions",
  route: "/v1beta/interactions",
  streams: "when_asked",
  readJson: readInteraction,
  openStream: (allowance) => new InteractionStream(allowance, readInteraction),
});

/** What is kept of them (retrieving an interaction, cancelling it) calls no model. */
export const interactionRoutes: readonly ApiRoute[] = [
  { method: "POST", path: /^\/v1[a-z0-9]*(?:\/projects\/[^/]+\/locations\/[^/]+)?\/interactions$/, api: interactions },
];
