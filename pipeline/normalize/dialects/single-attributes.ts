import { sideOfFirst } from "../content-side.ts";
import type { Sides, SpanView } from "../span-view.ts";

/** Dialects that put a whole side into one attribute: input ← keys, output ← keys. */
const pairs: readonly (readonly [input: readonly string[], output: readonly string[]])[] = [
  // Traceloop's decorators.
  [["traceloop.entity.input"], ["traceloop.entity.output"]],
  [["mlflow.spanInputs"], ["mlflow.spanOutputs"]],
  [
    ["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"],
    ["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"],
  ],
  // LiveKit's agents.
  [
    ["lk.chat_ctx", "lk.user_input", "lk.function_tool.arguments"],
    ["lk.response.text", "lk.function_tool.output"],
  ],
  [["genkit:input"], ["genkit:output"]],
  [["db.vector.query.text"], []],
];

/** The first pair of which the span has an attribute. */
export function singleAttributes({ attributes }: SpanView): Sides {
  for (const [inputs, outputs] of pairs) {
    const input = sideOfFirst(attributes, ...inputs);
    const output = sideOfFirst(attributes, ...outputs);
    if (input !== undefined || output !== undefined) return { input, output };
  }
  return {};
}

/** Plain `input` and `output`, of applications' own spans. */
export function plainAttributes({ attributes }: SpanView): Sides {
  return { input: sideOfFirst(attributes, "input"), output: sideOfFirst(attributes, "output") };
}

export const singleAttributePairs = pairs;
