import { readInvokeJson } from "./bedrock-invoke.ts";
import { TextStream } from "./bedrock-invoke-stream.ts";
import { type Answer, type ApiRoute, defineApi, type Json, routeEnding, textOf } from "./shape.ts";

/** Claude's text completions, before there were messages: they tell no usage. */
function readCompletion(body: Json, answer: Answer): void {
  readInvokeJson(body, answer);
  answer.model = textOf(body["model"]);
  answer.id = textOf(body["id"]) || textOf(body["log_id"]);
}

const complete = defineApi({
  operation: "text_completion",
  kind: "llm",
  format: "openai.completions",
  route: "/v1/complete",
  streams: "when_asked",
  readJson: readCompletion,
  openStream: (allowance) => new TextStream(allowance, readCompletion),
});

export const completeRoutes: readonly ApiRoute[] = [routeEnding("/complete", complete)];
