import { sideOfKey } from "../content-side.ts";
import type { Sides, SpanView } from "../span-view.ts";

/** Langfuse's observations: any JSON or text, OpenAI's chat messages as a rule. */
export function langfuse({ attributes }: SpanView): Sides {
  return {
    input: sideOfKey(attributes, "langfuse.observation.input"),
    output: sideOfKey(attributes, "langfuse.observation.output"),
  };
}

/** What a whole trace took and gave, on its root. */
export function langfuseTrace({ attributes, isRoot }: SpanView): Sides {
  if (!isRoot) return {};
  return {
    input: sideOfKey(attributes, "langfuse.trace.input"),
    output: sideOfKey(attributes, "langfuse.trace.output"),
  };
}
