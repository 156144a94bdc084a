import {
  type Answer,
  type ApiRoute,
  countOf,
  defineApi,
  type Json,
  noteDetail,
  recordOf,
  routeEnding,
  textOf,
} from "./shape.ts";

/**
 * Cohere's rerank, which Together, Jina, Voyage, vLLM and others copied. Cohere bills searches, the others tokens.
 */
function readRerank(body: Json, answer: Answer): void {
  answer.id = textOf(body["id"]);
  answer.model = textOf(body["model"]);
  const billed = recordOf(recordOf(body["meta"])["billed_units"]);
  const tokens = recordOf(recordOf(body["meta"])["tokens"]);
  const usage = recordOf(body["usage"]);
  noteDetail(answer, "search_units", billed["search_units"]);
  answer.usage.input_tokens =
    countOf(usage["prompt_tokens"]) ??
    countOf(usage["total_tokens"]) ??
    countOf(tokens["input_tokens"]) ??
    countOf(billed["input_tokens"]);
  answer.hasUsage = answer.usage.input_tokens !== null || answer.details["search_units"] !== undefined;
}

const rerank = defineApi({
  operation: "rerank",
  kind: "reranker",
  format: "cohere.rerank",
  route: "/v2/rerank",
  readJson: readRerank,
});

export const rerankRoutes: readonly ApiRoute[] = [routeEnding("/rerank", rerank)];
