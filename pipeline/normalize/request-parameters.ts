import type { Attributes } from "@weir/otlp";
import { attributeText, countOf, numberOf, objectOf, textOf, textsOf, type ValueObject } from "./attribute-value.ts";
import type { FieldValues } from "./compiled-fields.ts";
import type { FieldName } from "./fields.ts";

/** Fields without a column of their own → the attribute that they are found under, whatever the sender called it. */
export const attributeOfField = {
  temperature: "gen_ai.request.temperature",
  top_p: "gen_ai.request.top_p",
  top_k: "gen_ai.request.top_k",
  max_tokens: "gen_ai.request.max_tokens",
  frequency_penalty: "gen_ai.request.frequency_penalty",
  presence_penalty: "gen_ai.request.presence_penalty",
  seed: "gen_ai.request.seed",
  stop_sequences: "gen_ai.request.stop_sequences",
  choice_count: "gen_ai.request.choice.count",
  reasoning_level: "gen_ai.request.reasoning.level",
} as const satisfies Partial<Record<FieldName, string>>;

/** Attributes that hold all parameters of a request as one JSON object. */
const parameterObjects = [
  "langfuse.observation.model.parameters",
  "llm.invocation_parameters",
  "embedding.invocation_parameters",
  "langsmith.metadata.ls_invocation_params",
  "model_config",
];

/** Canonical attribute ← member of such an object. */
const members: Readonly<Record<string, readonly [read: (value: unknown) => unknown, ...names: string[]]>> = {
  "gen_ai.request.temperature": [numberOf, "temperature"],
  "gen_ai.request.top_p": [numberOf, "top_p", "topP"],
  "gen_ai.request.top_k": [numberOf, "top_k", "topK"],
  "gen_ai.request.max_tokens": [countOf, "max_tokens", "max_completion_tokens", "max_output_tokens", "maxTokens"],
  "gen_ai.request.frequency_penalty": [numberOf, "frequency_penalty"],
  "gen_ai.request.presence_penalty": [numberOf, "presence_penalty"],
  "gen_ai.request.seed": [numberOf, "seed"],
  "gen_ai.request.stop_sequences": [textsOf, "stop", "stop_sequences"],
  "gen_ai.request.choice.count": [countOf, "n"],
  "gen_ai.request.reasoning.level": [textOf, "reasoning_effort"],
};

/** The parameters of a request under OpenTelemetry's names, from whichever attributes hold them. */
export function requestParameters(attributes: Attributes, fields: FieldValues): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const key of parameterObjects) {
    if (attributes[key] !== undefined) addMembers(parameters, objectOf(attributes[key]));
  }
  for (const [field, attribute] of Object.entries(attributeOfField)) {
    const value = fields[field as keyof typeof attributeOfField];
    if (value !== undefined) parameters[attribute] = attributeText(value);
  }
  return parameters;
}

function addMembers(parameters: Record<string, string>, object: ValueObject): void {
  for (const [attribute, [read, ...names]] of Object.entries(members)) {
    if (parameters[attribute] !== undefined) continue;
    const value = names.map((name) => read(object[name])).find((found) => found !== undefined);
    if (value !== undefined) parameters[attribute] = attributeText(value as string);
  }
}
