import { jsonOf, objectOf, structureOf, textOf, type ValueObject } from "../attribute-value.ts";
import { messagesSide, sideOf, sideOfKey } from "../content-side.ts";
import { inOrder, type NumberedValues, numberedValues } from "../numbered-keys.ts";
import { providerFormat } from "../provider-format.ts";
import type { Side, Sides, SpanView } from "../span-view.ts";

/**
 * OpenInference. Request and answer as the provider's API has them (`input.value`, `output.value`) are kept verbatim;
 * otherwise messages are assembled from `llm.input_messages.N.…`. Both say the same, so one is stored.
 */
export function openinference(view: SpanView): Sides {
  const { attributes, kind } = view;
  const input = sideOfKey(attributes, "input.value");
  const output = sideOfKey(attributes, "output.value");
  if (kind === "embedding") return { input: embeddingTexts(view) ?? input, output: undefined };
  if (kind === "reranker")
    return { input: sideOfKey(attributes, "reranker.query") ?? input, output: documents(view) ?? output };
  if (kind === "retriever") return { input, output: documents(view) ?? output };
  if (kind === "tool") return { input: input ?? sideOfKey(attributes, "tool.parameters"), output };
  const sent = numberedValues(attributes, "llm.input_messages.");
  const answered = numberedValues(attributes, "llm.output_messages.");
  const tools = numberedValues(attributes, "llm.tools.");
  const isVerbatim = providerFormat(input?.value, output?.value) !== undefined;
  if (isVerbatim) return { input: alsoHolding(input, sent, tools), output: alsoHolding(output, answered) };
  return {
    input: repeatedBy(input, assembledInput(sent, tools)) ?? prompts(attributes, "llm.prompts.", "prompt") ?? input,
    output:
      repeatedBy(output, assembledOutput(answered, view)) ??
      prompts(attributes, "llm.choices.", "completion") ??
      output,
  };
}

/** The verbatim value, which makes the numbered attributes repetitions. */
function alsoHolding(side: Side | undefined, ...repeated: readonly (NumberedValues | undefined)[]): Side | undefined {
  if (side === undefined) return undefined;
  return { ...side, keys: [...side.keys, ...repeated.flatMap((values) => values?.keys ?? [])] };
}

/** The assembled messages, which make the plain value a repetition. */
function repeatedBy(plain: Side | undefined, assembled: Side | undefined): Side | undefined {
  if (assembled === undefined) return undefined;
  return { ...assembled, keys: [...assembled.keys, ...(plain?.keys ?? [])] };
}

function assembledInput(sent: NumberedValues | undefined, tools: NumberedValues | undefined): Side | undefined {
  if (sent === undefined) return undefined;
  const messages = inOrder(sent.tree).map((entry) => readMessage(entry, "user"));
  if (tools === undefined) return messagesSide(messages, sent.keys);
  const definitions = inOrder(tools.tree).map((entry) => objectOf(objectOf(entry["tool"])["json_schema"]));
  return messagesSide({ messages, tools: definitions }, [...sent.keys, ...tools.keys]);
}

function assembledOutput(answered: NumberedValues | undefined, { fields }: SpanView): Side | undefined {
  if (answered === undefined) return undefined;
  const messages = inOrder(answered.tree).map((entry) => readMessage(entry, "assistant"));
  const finish = fields.finish_reason;
  return messagesSide(
    messages.map((message) => (finish === undefined ? message : { ...message, finish_reason: finish })),
    answered.keys,
  );
}

function readMessage(entry: ValueObject, fallbackRole: string): ValueObject {
  const message = objectOf(entry["message"]);
  const role = textOf(message["role"]) ?? fallbackRole;
  const parts = inOrder(message["contents"]).flatMap<ValueObject>((content) => readContent(content) ?? []);
  const text = textOf(message["content"]);
  if (parts.length === 0 && text !== undefined) parts.push({ type: "text", content: text });
  const known = new Set(parts.map((part) => part["id"]));
  const calls = inOrder(message["tool_calls"]).map((call) => readToolCall(objectOf(call["tool_call"])));
  parts.push(...calls.filter(({ id }) => id === "" || !known.has(id)));
  const functionName = textOf(message["function_call_name"]);
  if (functionName !== undefined)
    parts.push({
      type: "tool_call",
      id: "",
      name: functionName,
      arguments: message["function_call_arguments_json"] ?? "",
    });
  const toolCallId = textOf(message["tool_call_id"]);
  if (toolCallId !== undefined || role === "tool") {
    return { role: "tool", parts: [{ type: "tool_call_response", id: toolCallId ?? "", response: text ?? parts }] };
  }
  return { role, parts };
}

function readToolCall(call: ValueObject): ValueObject {
  const called = objectOf(call["function"]);
  return {
    type: "tool_call",
    id: textOf(call["id"]) ?? "",
    name: textOf(called["name"]) ?? "",
    arguments: textOf(called["arguments"]) ?? jsonOf(called["arguments"] ?? {}),
  };
}

function readContent(entry: ValueObject): ValueObject | undefined {
  const content = objectOf(entry["message_content"]);
  const type = textOf(content["type"]) ?? "text";
  const text = textOf(content["text"]) ?? textOf(content["content"]);
  const call = objectOf(entry["tool_call"] ?? content["tool_call"]);
  switch (type) {
    case "tool_use":
    case "tool_call":
      return readToolCall(call);
    case "reasoning":
    case "thinking": {
      const thought = text ?? textOf(content["summary"]);
      return thought === undefined ? undefined : { type: "reasoning", content: thought };
    }
    case "image":
      return readMedia("image", objectOf(content["image"])["image"] ?? content["image"]);
    case "audio":
      return readMedia("audio", content["audio"]);
    default:
      return text === undefined ? undefined : { type: "text", content: text };
  }
}

function readMedia(modality: string, value: unknown): ValueObject | undefined {
  const media = objectOf(value);
  const uri = textOf(typeof value === "string" ? value : (media["url"] ?? media["image.url"] ?? media["audio.url"]));
  return uri === undefined ? undefined : { type: "uri", modality, uri };
}

/** `embedding.embeddings.N.embedding.text`; the vectors beside them are not kept. */
function embeddingTexts({ attributes }: SpanView): Side | undefined {
  const numbered = numberedValues(attributes, "embedding.embeddings.");
  if (numbered === undefined) return undefined;
  const texts = inOrder(numbered.tree).flatMap((entry) => textOf(objectOf(entry["embedding"])["text"]) ?? []);
  const keys = numbered.keys.filter((key) => key.endsWith(".embedding.text"));
  return texts.length === 1 ? sideOf(texts[0], keys) : texts.length === 0 ? undefined : sideOf(texts, keys);
}

/** `retrieval.documents.N.document.*` and `reranker.output_documents.N.document.*`. */
function documents({ attributes }: SpanView): Side | undefined {
  const numbered =
    numberedValues(attributes, "retrieval.documents.") ?? numberedValues(attributes, "reranker.output_documents.");
  if (numbered === undefined) return undefined;
  const list = inOrder(numbered.tree).map((entry) => {
    const document = objectOf(entry["document"]);
    const metadata = structureOf(document["metadata"]);
    return { ...document, ...(metadata !== undefined && { metadata }) };
  });
  return sideOf(list, [...numbered.keys, "output.value"]);
}

/** `llm.prompts.N.prompt.text` and `llm.choices.N.completion.text`. */
function prompts(attributes: SpanView["attributes"], prefix: string, name: string): Side | undefined {
  const numbered = numberedValues(attributes, prefix);
  if (numbered === undefined) return undefined;
  const role = name === "prompt" ? "user" : "assistant";
  const messages = inOrder(numbered.tree).map((entry) => ({
    role,
    content: textOf(objectOf(entry[name])["text"]) ?? "",
  }));
  return messagesSide(messages, numbered.keys);
}
