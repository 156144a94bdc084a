import { sideOfFirst } from "../content-side.ts";
import type { Sides, SpanView } from "../span-view.ts";

/** Arguments and result of tools, query and documents of retrievers, by OpenTelemetry's conventions. */
export function toolAndRetrieval({ attributes, kind }: SpanView): Sides {
  if (kind === "tool") {
    return {
      input: sideOfFirst(attributes, "gen_ai.tool.call.arguments", "gen_ai.tool.args"),
      output: sideOfFirst(attributes, "gen_ai.tool.call.result", "gen_ai.tool.result"),
    };
  }
  if (kind !== "retriever") return {};
  return {
    input: sideOfFirst(attributes, "gen_ai.retrieval.query.text", "gen_ai.memory.query.text"),
    output: sideOfFirst(attributes, "gen_ai.retrieval.documents", "gen_ai.memory.records"),
  };
}
