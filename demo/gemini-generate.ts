import { type Frame, inChunks, Pace } from "./pace.ts";
import { countTokens, type JsonSchema, type Question, type Reply, tokensOf } from "./reply.ts";

interface Content {
  readonly role?: string;
  readonly parts?: readonly { readonly text?: string; readonly functionResponse?: unknown }[];
}

export interface GenerateRequest {
  readonly contents?: readonly Content[];
  readonly systemInstruction?: Content;
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly {
      name: string;
      parameters?: JsonSchema;
      parametersJsonSchema?: JsonSchema;
    }[];
  }[];
  readonly generationConfig?: {
    readonly maxOutputTokens?: number;
    readonly responseSchema?: JsonSchema;
    readonly thinkingConfig?: { readonly includeThoughts?: boolean };
  };
}

export function readGenerateRequest(body: GenerateRequest, model: string): Question {
  const contents = body.contents ?? [];
  const users = contents.filter((content) => content.role !== "model" && textIn(content) !== "");
  const declarations = (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  return {
    model,
    prompt: textIn(users.at(-1)),
    everything: everythingIn(body),
    tools: declarations.map((tool) => ({
      name: tool.name,
      schema: tool.parametersJsonSchema ?? tool.parameters ?? {},
    })),
    toolsAnswered: contents.at(-1)?.parts?.some((part) => part.functionResponse !== undefined) === true,
    parallelTools: true,
    maxTokens: body.generationConfig?.maxOutputTokens,
    answerSchema: body.generationConfig?.responseSchema,
    think: body.generationConfig?.thinkingConfig?.includeThoughts === true,
  };
}

function everythingIn(body: GenerateRequest): string {
  const said = (body.contents ?? []).map((content) => textIn(content) || JSON.stringify(content));
  return [textIn(body.systemInstruction), JSON.stringify(body.tools ?? ""), ...said].join("\n");
}

function textIn(content: Content | undefined): string {
  return (content?.parts ?? []).map((part) => part.text ?? "").join("");
}

export function countTokensOfContents(body: GenerateRequest) {
  return { totalTokens: countTokens(everythingIn(body)) };
}

/** Candidates and thoughts are counted apart, as at Google. */
function usageOf(reply: Reply, candidates: number) {
  return {
    promptTokenCount: reply.inputTokens,
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    totalTokenCount: reply.inputTokens + candidates + reply.reasoningTokens,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: reply.inputTokens }],
    ...(reply.reasoningTokens > 0 ? { thoughtsTokenCount: reply.reasoningTokens } : {}),
  };
}

const finishReasons = { stop: "STOP", tool_calls: "STOP", length: "MAX_TOKENS" } as const;

function responseOf(reply: Reply, id: string, parts: readonly object[], candidates: number, isLast: boolean) {
  const finish = isLast ? { finishReason: finishReasons[reply.finish] } : {};
  return {
    candidates: [{ content: { parts, role: "model" }, ...finish, index: 0 }],
    usageMetadata: usageOf(reply, candidates),
    modelVersion: reply.behaviour.answersAs,
    responseId: id,
  };
}

function callParts(reply: Reply): object[] {
  return reply.toolCalls.map(({ name, argumentsJson }) => ({
    functionCall: { name, args: JSON.parse(argumentsJson) },
  }));
}

export function generateJson(reply: Reply, id: string) {
  const thought = reply.thought === "" ? [] : [{ text: reply.thought, thought: true }];
  const text = reply.text === "" ? [] : [{ text: reply.text }];
  const parts = [...thought, ...text, ...callParts(reply)];
  return responseOf(reply, id, parts, reply.outputTokens - reply.reasoningTokens, true);
}

/** Every event is a whole response with the next parts; lines end in CRLF, as Google's do. */
export function* generateStream(reply: Reply, id: string): Generator<Frame> {
  const pace = new Pace(reply);
  let candidates = 0;
  const event = (parts: readonly object[], isLast: boolean, waitMs: number): Frame => ({
    text: `data: ${JSON.stringify(responseOf(reply, id, parts, candidates, isLast))}\r\n\r\n`,
    waitMs,
  });
  for (const piece of inChunks(tokensOf(reply.thought), 12, reply)) {
    yield event([{ text: piece.text, thought: true }], false, pace.before(piece.tokens));
  }
  for (const piece of inChunks(tokensOf(reply.text), 8, reply)) {
    candidates += piece.tokens;
    yield event([{ text: piece.text }], false, pace.before(piece.tokens));
  }
  for (const part of callParts(reply)) yield event([part], false, pace.before(8));
  candidates = reply.outputTokens - reply.reasoningTokens;
  yield event([{ text: "" }], true, 1);
}

interface EmbedRequest {
  readonly content?: Content;
  readonly outputDimensionality?: number;
}

/** Of `embedContent` and `batchEmbedContents`. */
export function embedContentJson(
  body: EmbedRequest & { readonly requests?: readonly EmbedRequest[] },
  vectorOf: (text: string, length: number) => Float32Array,
) {
  const embeddingOf = ({ content, outputDimensionality }: EmbedRequest) => ({
    values: Array.from(vectorOf(textIn(content), outputDimensionality ?? 768)),
  });
  return body.requests === undefined
    ? { embedding: embeddingOf(body) }
    : { embeddings: body.requests.map(embeddingOf) };
}
