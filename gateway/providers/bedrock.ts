import { readConverse, readConverseUsage } from "./bedrock-converse.ts";
import { ConverseStream } from "./bedrock-converse-stream.ts";
import { readInvokeJson } from "./bedrock-invoke.ts";
import { InvokeStream } from "./bedrock-invoke-stream.ts";
import { type Answer, type Api, type ApiRoute, countOf, defineApi, type VendorHeaders, withModel } from "./shape.ts";

/** What InvokeModel says of the usage in its headers, for every model. */
function readInvokeHeaders(headers: VendorHeaders, answer: Answer): void {
  const count = (name: string) => {
    const value = headers[`x-amzn-bedrock-${name}-token-count`];
    return value === undefined ? null : countOf(Number(value));
  };
  readConverseUsage(
    {
      inputTokens: count("input"),
      outputTokens: count("output"),
      cacheReadInputTokens: count("cache-read-input"),
      cacheWriteInputTokens: count("cache-write-input"),
    },
    answer,
  );
  readErrorHeader(headers, answer);
}

/** `x-amzn-errortype: ThrottlingException:http://internal…` */
function readErrorHeader(headers: VendorHeaders, answer: Answer): void {
  answer.errorType = (headers["x-amzn-errortype"] ?? "").split(":")[0] ?? "";
}

const converse: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "bedrock.converse",
  route: "/model/{modelId}/converse",
  readJson: readConverse,
  readHeaders: readErrorHeader,
});

const invoke: Api = defineApi({
  operation: "chat",
  kind: "llm",
  format: "bedrock.invoke",
  route: "/model/{modelId}/invoke",
  readJson: readInvokeJson,
  readHeaders: readInvokeHeaders,
});

const embed: Api = { ...invoke, operation: "embeddings", kind: "embedding", dropsOutput: true };
const rerank: Api = { ...invoke, operation: "rerank", kind: "reranker" };

/** What a model does, by its name; a name that hides it (an inference profile's) means a chat. */
function invokeApi(model: string): Api {
  if (/embed/.test(model)) return embed;
  return /rerank/.test(model) ? rerank : invoke;
}

const calls: Readonly<Record<string, (model: string) => Api>> = {
  converse: () => converse,
  "converse-stream": () => ({
    ...converse,
    route: "/model/{modelId}/converse-stream",
    streams: "always",
    openStream: (allowance) => new ConverseStream(allowance, readConverse),
  }),
  invoke: invokeApi,
  "invoke-with-response-stream": () => ({
    ...invoke,
    route: "/model/{modelId}/invoke-with-response-stream",
    streams: "always",
    openStream: (allowance) => new InvokeStream(allowance),
  }),
  "count-tokens": () => defineApi({ operation: "count_tokens", route: "/model/{modelId}/count-tokens" }),
};

/** An id may be an ARN, whose slash not every client encodes. */
const modelPath = /^(?:.*\/)?model\/(.+)\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/;

export const bedrockRoutes: readonly ApiRoute[] = [
  {
    method: "POST",
    path: modelPath,
    api: ([, model = "", call = ""]) => withModel(calls[call]?.(model) ?? converse, model),
  },
];
