import type { ContentFormat } from "@weir/model";
import { isValueObject, textOf } from "./attribute-value.ts";
import { messagesSide } from "./content-side.ts";
import { genAiEvents } from "./dialects/gen-ai-events.ts";
import { genAiInstructions, genAiMessages } from "./dialects/gen-ai-messages.ts";
import { haystack } from "./dialects/haystack.ts";
import { withLangchainMessages } from "./dialects/langchain.ts";
import { langfuse, langfuseTrace } from "./dialects/langfuse.ts";
import { numberedPrompts } from "./dialects/numbered-prompts.ts";
import { openinference } from "./dialects/openinference.ts";
import { pydanticAi } from "./dialects/pydantic-ai.ts";
import { plainAttributes, singleAttributes } from "./dialects/single-attributes.ts";
import { toolAndRetrieval } from "./dialects/tool-and-retrieval.ts";
import { vercelAi } from "./dialects/vercel-ai.ts";
import { type AnswerFacts, answerFacts, messagesOfChoices, providerFormat } from "./provider-format.ts";
import type { ContentDialect, Side, SpanView } from "./span-view.ts";

/** In order of precedence: each side is the first that a dialect finds. */
export const contentDialects: readonly { readonly name: string; readonly read: ContentDialect }[] = [
  { name: "langfuse", read: langfuse },
  { name: "tool-and-retrieval", read: toolAndRetrieval },
  { name: "gen-ai-messages", read: genAiMessages },
  { name: "gen-ai-events", read: genAiEvents },
  { name: "numbered-prompts", read: numberedPrompts },
  { name: "openinference", read: openinference },
  { name: "vercel-ai", read: vercelAi },
  { name: "single-attributes", read: singleAttributes },
  { name: "pydantic-ai", read: pydanticAi },
  { name: "haystack", read: haystack },
  { name: "gen-ai-instructions", read: genAiInstructions },
  { name: "langfuse-trace", read: langfuseTrace },
  { name: "plain-attributes", read: plainAttributes },
];

export interface SpanContent extends AnswerFacts {
  readonly format: ContentFormat;
  readonly isTruncated: boolean;
  readonly input: string;
  readonly output: string;
  /** Attributes whose values are in input or output. */
  readonly keys: ReadonlySet<string>;
}

/** The content of a span in one format for both sides. Never throws. */
export function readContent(view: SpanView): SpanContent {
  let input: Side | undefined;
  let output: Side | undefined;
  for (const { read } of contentDialects) {
    if (input !== undefined && output !== undefined) break;
    const sides = read(view);
    input ??= sides.input;
    output ??= sides.output;
  }
  return joinSides(input, output);
}

/** Brings both sides into one format: a provider's own where both are of its API, messages, any JSON, or text. */
export function joinSides(input: Side | undefined, output: Side | undefined): SpanContent {
  const facts = { ...answerFacts(output?.value), requestModel: requestModel(input?.value) };
  const keys = new Set([...(input?.keys ?? []), ...(output?.keys ?? [])]);
  const isTruncated = input?.form === "cut" || output?.form === "cut";
  const format = providerFormat(input?.value, output?.value);
  if (format !== undefined) {
    return { ...facts, format, isTruncated, input: input?.text ?? "", output: output?.text ?? "", keys };
  }
  const sent = withLangchainMessages(input);
  const answered = withLangchainMessages(withMessages(output));
  const common = commonFormat(sent, answered);
  return {
    ...facts,
    format: common,
    isTruncated,
    input: printSide(sent, common),
    output: printSide(answered, common),
    keys,
  };
}

/** The model that a request of any API asks for. */
function requestModel(input: unknown): string | undefined {
  return isValueObject(input) && ("messages" in input || "input" in input) ? textOf(input["model"]) : undefined;
}

function withMessages(output: Side | undefined): Side | undefined {
  const messages = messagesOfChoices(output?.value);
  return messages === undefined ? output : messagesSide(messages, output?.keys ?? []);
}

function commonFormat(input: Side | undefined, output: Side | undefined): ContentFormat {
  const forms = [input?.form, output?.form];
  if (forms.includes("messages")) return "weir.messages";
  if (forms.includes("json") || forms.includes("cut")) return "json";
  return forms.includes("text") ? "text" : "";
}

/** The bytes of a side in the common format; text and foreign JSON are wrapped so that they read as what they are. */
function printSide(side: Side | undefined, format: ContentFormat): string {
  if (side === undefined) return "";
  if (format === "text" || side.form === "cut") return side.text;
  if (side.form === "text") return JSON.stringify(side.text);
  if (format !== "weir.messages" || side.form === "messages") return side.text;
  return `{"parts":[{"type":"json","value":${side.text}}]}`;
}
