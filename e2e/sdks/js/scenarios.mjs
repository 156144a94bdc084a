/** What is done with each SDK. `model` makes the name of a model that steers the upstream. */
export const scenarios = {
  call: (sdk, model) => resultOf(() => sdk.chat(model("ok"))),
  stream: (sdk, model) => resultOf(() => collect(sdk.stream(model("ok")))),
  "tool call": (sdk, model) => resultOf(() => sdk.tool(model("ok"))),
  embeddings: (sdk, model) => (sdk.embed === undefined ? null : resultOf(() => sdk.embed(model("ok")))),
  401: (sdk, model) => resultOf(() => sdk.chat(model("fault401"))),
  429: (sdk, model) => resultOf(() => sdk.chat(model("fault429"))),
  500: (sdk, model) => resultOf(() => sdk.chat(model("fault500"))),
  timeout: (sdk, model) => resultOf(() => sdk.chat(model("silent"))),
  abort: async (sdk, model) => {
    const aborting = new AbortController();
    const seen = [];
    try {
      for await (const chunk of sdk.stream(model("endless"), aborting.signal)) {
        seen.push(chunk);
        aborting.abort();
        if (sdk.endsStreamItself) break;
      }
      return { seen: plain(seen.slice(0, 1)), end: "quiet" };
    } catch (error) {
      return { seen: plain(seen.slice(0, 1)), end: nameOf(error) };
    }
  },
};

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function resultOf(work) {
  try {
    return { value: plain(await work()) };
  } catch (error) {
    return {
      error: nameOf(error),
      status: error.status ?? error.statusCode ?? error.status_code ?? error.$metadata?.httpStatusCode ?? null,
      message: String(error.message).replaceAll(/127\.0\.0\.1:\d+/g, "HOST"),
    };
  }
}

/** SDKs give their errors a class of their own, and not always its name. */
function nameOf(error) {
  return error.name === "Error" ? error.constructor.name : error.name;
}

/** What belongs to one exchange alone: dates, ids of requests, and what an SDK makes up itself. */
const volatile = new Set([
  "sdkHttpResponse",
  "$metadata",
  "headers",
  "rawResponse",
  "httpMeta",
  "HttpMeta",
  "lc_kwargs",
  "request",
]);

function plain(value) {
  return JSON.parse(JSON.stringify(value, (key, inner) => (volatile.has(key) ? undefined : inner)) ?? "null");
}
