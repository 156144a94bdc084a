/**
 * Each official SDK, as its documentation says to use it: `chat`, `stream`, `tool` and, where it has them, `embed`. None
 * tries again by itself: the upstream must see each request once.
 */
const question = "Where is order 4711?";
const messages = [{ role: "user", content: question }];
const parameters = { type: "object", properties: { order_id: { type: "string" } }, required: ["order_id"] };
const openaiTools = [
  { type: "function", function: { name: "find_order", description: "Finds an order.", parameters } },
];

/** What all SDKs of OpenAI's making have in common. */
function openaiLike(client) {
  return {
    chat: (model) => client.chat.completions.create({ model, messages }),
    tool: (model) => client.chat.completions.create({ model, messages, tools: openaiTools }),
    async *stream(model, signal) {
      yield* await client.chat.completions.create({ model, messages, stream: true }, { signal });
    },
  };
}

export const sdks = {
  async openai(address, timeout) {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: "sk-matrix", maxRetries: 0, timeout });
    return { ...openaiLike(client), embed: (model) => client.embeddings.create({ model, input: "hello" }) };
  },

  async "groq-sdk"(address, timeout) {
    const { default: Groq } = await import("groq-sdk");
    return openaiLike(new Groq({ baseURL: address, apiKey: "gsk_matrix", maxRetries: 0, timeout }));
  },

  async "@anthropic-ai/sdk"(address, timeout) {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ baseURL: address, apiKey: "sk-ant-matrix", maxRetries: 0, timeout });
    const base = { max_tokens: 100, messages };
    const tools = [{ name: "find_order", description: "Finds an order.", input_schema: parameters }];
    return {
      chat: (model) => client.messages.create({ ...base, model }),
      tool: (model) => client.messages.create({ ...base, model, tools }),
      async *stream(model, signal) {
        yield* await client.messages.create({ ...base, model, stream: true }, { signal });
      },
    };
  },

  async "@mistralai/mistralai"(address, timeoutMs) {
    const { Mistral } = await import("@mistralai/mistralai");
    const client = new Mistral({ serverURL: address, apiKey: "matrix", retryConfig: { strategy: "none" }, timeoutMs });
    return {
      chat: (model) => client.chat.complete({ model, messages }),
      tool: (model) => client.chat.complete({ model, messages, tools: openaiTools }),
      embed: (model) => client.embeddings.create({ model, inputs: ["hello"] }),
      async *stream(model, signal) {
        yield* await client.chat.stream({ model, messages }, { fetchOptions: { signal } });
      },
    };
  },

  async "@google/genai"(address, timeout) {
    const { GoogleGenAI } = await import("@google/genai");
    const client = new GoogleGenAI({
      apiKey: "matrix",
      httpOptions: { baseUrl: address, timeout, retryOptions: { attempts: 1 } },
    });
    const tools = [
      {
        functionDeclarations: [
          { name: "find_order", description: "Finds an order.", parametersJsonSchema: parameters },
        ],
      },
    ];
    return {
      chat: (model) => client.models.generateContent({ model, contents: question }),
      tool: (model) => client.models.generateContent({ model, contents: question, config: { tools } }),
      embed: (model) => client.models.embedContent({ model, contents: "hello" }),
      async *stream(model, abortSignal) {
        yield* await client.models.generateContentStream({ model, contents: question, config: { abortSignal } });
      },
    };
  },

  async "cohere-ai"(address, timeoutMs) {
    const { CohereClientV2 } = await import("cohere-ai");
    const client = new CohereClientV2({ environment: address, token: "matrix" });
    const options = { maxRetries: 0, timeoutInSeconds: timeoutMs / 1000 };
    return {
      chat: (model) => client.chat({ model, messages }, options),
      tool: (model) => client.chat({ model, messages, tools: openaiTools }, options),
      embed: (model) =>
        client.embed({ model, texts: ["hello"], inputType: "search_query", embeddingTypes: ["float"] }, options),
      async *stream(model, abortSignal) {
        yield* await client.chatStream({ model, messages }, { ...options, abortSignal });
      },
    };
  },

  async ollama(address, timeout) {
    const { Ollama } = await import("ollama");
    // It has no timeout of its own.
    const client = new Ollama({
      host: address,
      fetch: (input, init) => fetch(input, { ...init, signal: anyOf(init?.signal, AbortSignal.timeout(timeout)) }),
    });
    return {
      chat: (model) => client.chat({ model, messages, stream: false }),
      tool: (model) => client.chat({ model, messages, stream: false, tools: openaiTools }),
      embed: (model) => client.embed({ model, input: "hello" }),
      async *stream(model, signal) {
        const stream = await client.chat({ model, messages, stream: true });
        signal?.addEventListener("abort", () => stream.abort());
        yield* stream;
      },
    };
  },

  async "@aws-sdk/client-bedrock-runtime"(address, requestTimeout) {
    const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } = await import(
      "@aws-sdk/client-bedrock-runtime"
    );
    const { NodeHttpHandler } = await import("@smithy/node-http-handler");
    const client = new BedrockRuntimeClient({
      endpoint: address,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIAMATRIX", secretAccessKey: "matrix" },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ requestTimeout, throwOnRequestTimeout: true }),
    });
    const turns = [{ role: "user", content: [{ text: question }] }];
    const toolConfig = {
      tools: [{ toolSpec: { name: "find_order", description: "Finds an order.", inputSchema: { json: parameters } } }],
    };
    return {
      chat: (modelId) => client.send(new ConverseCommand({ modelId, messages: turns })),
      tool: (modelId) => client.send(new ConverseCommand({ modelId, messages: turns, toolConfig })),
      endsStreamItself: true,
      async *stream(modelId, abortSignal) {
        const { stream } = await client.send(new ConverseStreamCommand({ modelId, messages: turns }), { abortSignal });
        try {
          yield* stream;
        } finally {
          if (abortSignal?.aborted) client.destroy();
        }
      },
    };
  },

  async "Vercel AI SDK"(address, timeoutMs) {
    const [{ createOpenAI }, { embed, generateText, jsonSchema, streamText, tool }] = await Promise.all([
      import("@ai-sdk/openai"),
      import("ai"),
    ]);
    const openai = createOpenAI({ baseURL: `${address}/v1`, apiKey: "sk-matrix" });
    const options = (model) => ({ model: openai.chat(model), prompt: question, maxRetries: 0 });
    const limited = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
    const textOf = ({ text, finishReason, usage }) => ({ text, finishReason, usage });
    return {
      chat: async (model) => textOf(await generateText({ ...options(model), ...limited() })),
      async tool(model) {
        const tools = { find_order: tool({ description: "Finds an order.", inputSchema: jsonSchema(parameters) }) };
        const { toolCalls, finishReason, usage } = await generateText({ ...options(model), tools });
        return { toolCalls: toolCalls.map(({ toolName, input }) => ({ toolName, input })), finishReason, usage };
      },
      embed: async (value) => {
        const { embedding, usage } = await embed({ model: openai.embedding(value), value: "hello", maxRetries: 0 });
        return { embedding, usage };
      },
      async *stream(model, abortSignal) {
        const result = streamText({ ...options(model), abortSignal, onError() {} });
        yield* result.textStream;
        if (!abortSignal?.aborted) yield { usage: await result.usage, finishReason: await result.finishReason };
      },
    };
  },

  async "LangChain JS"(address, timeout) {
    const { ChatOpenAI, OpenAIEmbeddings } = await import("@langchain/openai");
    const settings = { apiKey: "sk-matrix", maxRetries: 0, timeout, configuration: { baseURL: `${address}/v1` } };
    const chat = (model) => new ChatOpenAI({ ...settings, model });
    const shown = ({ content, tool_calls, usage_metadata }) => ({ content, tool_calls, usage_metadata });
    return {
      chat: async (model) => shown(await chat(model).invoke(question)),
      tool: async (model) => shown(await chat(model).bindTools(openaiTools).invoke(question)),
      embed: (model) => new OpenAIEmbeddings({ ...settings, model }).embedQuery("hello"),
      async *stream(model, signal) {
        for await (const chunk of await chat(model).stream(question, { signal })) yield shown(chunk);
      },
    };
  },
};

function anyOf(...signals) {
  return AbortSignal.any(signals.filter((signal) => signal instanceof AbortSignal));
}
