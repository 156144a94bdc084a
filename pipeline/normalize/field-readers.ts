import type { SpanKind } from "@weir/model";
import type { AnyValue } from "@weir/otlp";
import {
  booleanOf,
  countOf,
  millisecondsToNs,
  numberOf,
  objectOf,
  parsedJson,
  secondsToNs,
  textOf,
  textsOf,
} from "./attribute-value.ts";
import {
  aiSdkSuffixKinds,
  genkitKinds,
  haystackSuffixKinds,
  kindOfWord,
  langfuseKinds,
  langsmithKinds,
  mlflowKinds,
  openinferenceKinds,
  operationKinds,
  requestTypeKinds,
  traceloopKinds,
} from "./kind-words.ts";

/**
 * How the value of an attribute becomes the value of a field. Undefined means that the attribute says nothing, so that
 * the next one in order of precedence is asked. None of them throws.
 */
export const fieldReaders = {
  text: textOf,
  count: countOf,
  number: numberOf,
  boolean: booleanOf,
  texts: textsOf,
  seconds: secondsToNs,
  milliseconds: millisecondsToNs,
  any: (value: AnyValue) => (value === null || value === "" ? undefined : value),
  /** Text that may be wrapped in JSON's quotes, as MLflow writes all of its attributes. */
  unquoted,
  firstText: (value: AnyValue) => textsOf(value)?.[0] ?? textOf(value),
  /** The `model` within a request's parameters. */
  modelOfParameters: (value: AnyValue) => textOf(objectOf(value)["model"]),
  /** `openai.chat` → `openai`. */
  aiProvider: (value: AnyValue) => textOf(value)?.split(".")[0],
  amount: positive,
  costDetails: costOfDetails,
  kindOfOperation: (value: AnyValue) => kindOf(operationKinds, value),
  kindOfLangfuse: (value: AnyValue) => kindOf(langfuseKinds, value),
  kindOfOpeninference: (value: AnyValue) => kindOf(openinferenceKinds, value),
  kindOfLangsmith: (value: AnyValue) => kindOf(langsmithKinds, value),
  kindOfMlflow: (value: AnyValue) => kindOf(mlflowKinds, unquoted(value)),
  kindOfTraceloop: (value: AnyValue) => kindOf(traceloopKinds, value),
  kindOfRequestType: (value: AnyValue) => kindOf(requestTypeKinds, value),
  kindOfGenkit: (value: AnyValue) => kindOf(genkitKinds, value),
  kindOfHaystack: (value: AnyValue) => kindOfSuffix(haystackSuffixKinds, value),
  kindOfAiSdk,
  kindOfMcp: (value: AnyValue): SpanKind | undefined => (value === "tools/call" ? "tool" : undefined),
  guardrailIfSet: (value: AnyValue): SpanKind | undefined => (textOf(value) === undefined ? undefined : "guardrail"),
  toolIfSet: (value: AnyValue): SpanKind | undefined => (textOf(value) === undefined ? undefined : "tool"),
} as const satisfies Record<string, (value: AnyValue) => unknown>;

export type FieldReaderName = keyof typeof fieldReaders;

function unquoted(value: AnyValue): string | undefined {
  const text = textOf(value);
  if (text === undefined || !text.startsWith('"')) return text;
  const inner = parsedJson(text);
  return typeof inner === "string" ? textOf(inner) : text;
}

/** Amounts of USD. Senders write 0 where they know no price, and unknown is not zero. */
function positive(value: AnyValue): number | undefined {
  const number = numberOf(value);
  return number !== undefined && number > 0 ? number : undefined;
}

/** Langfuse's `{"input":…,"output":…,"total":…}` in USD; without a total, what the classes add up to. */
function costOfDetails(value: AnyValue): number | undefined {
  const details = objectOf(value);
  const total = positive(details["total"] as AnyValue);
  if (total !== undefined) return total;
  const amounts = Object.values(details).flatMap((amount) => numberOf(amount) ?? []);
  return positive(amounts.reduce((sum, amount) => sum + amount, 0));
}

function kindOf(words: Parameters<typeof kindOfWord>[0], value: AnyValue | undefined): SpanKind | undefined {
  const word = textOf(value);
  return word === undefined ? undefined : kindOfWord(words, word.toLowerCase());
}

function kindOfSuffix(suffixes: typeof haystackSuffixKinds, value: AnyValue): SpanKind | undefined {
  const word = textOf(value);
  return word === undefined ? undefined : suffixes.find(([suffix]) => word.endsWith(suffix))?.[1];
}

/** `ai.operationId`, or `operation.name` with the function's id behind it: `ai.streamText.doStream my-function`. */
function kindOfAiSdk(value: AnyValue): SpanKind | undefined {
  const [operation = ""] = (textOf(value) ?? "").split(" ");
  if (!operation.startsWith("ai.")) return undefined;
  return kindOfSuffix(aiSdkSuffixKinds, operation) ?? "agent";
}
