import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CallSummary, listCalls } from "./calls-api.ts";
import { checkout, Program, Weir } from "./weir-process.ts";

/**
 * The official SDKs, each through every scenario twice: straight to a provider of its shape, and through Weir. What the
 * SDK gives must be equal, what the provider saw must be equal, and what Weir recorded must be true. The table is
 * printed at the end.
 */

const sdkFolder = join(import.meta.dirname, "sdks");
const python = join(import.meta.dirname, ".venv", "bin", "python");

interface Sdk {
  readonly name: string;
  readonly language: "js" | "python";
  /** The provider at whose path of Weir it is used. */
  readonly provider: string;
  /** How the provider ends a tool call, where it does not say so. */
  readonly toolFinish?: "stop";
  /** Input tokens, where the provider counts more than it bills. */
  readonly inputTokens?: number;
  /** What must be there for it to run. */
  readonly needs: readonly string[];
}

const sdks: readonly Sdk[] = [
  { name: "openai", language: "js", provider: "openai", needs: ["openai"] },
  { name: "@anthropic-ai/sdk", language: "js", provider: "anthropic", needs: ["@anthropic-ai/sdk"] },
  { name: "@google/genai", language: "js", provider: "gemini", toolFinish: "stop", needs: ["@google/genai"] },
  { name: "cohere-ai", language: "js", provider: "cohere", inputTokens: 71, needs: ["cohere-ai"] },
  { name: "ollama", language: "js", provider: "ollama", toolFinish: "stop", needs: ["ollama"] },
  { name: "groq-sdk", language: "js", provider: "groq", needs: ["groq-sdk"] },
  { name: "@mistralai/mistralai", language: "js", provider: "mistral", needs: ["@mistralai/mistralai"] },
  {
    name: "@aws-sdk/client-bedrock-runtime",
    language: "js",
    provider: "bedrock",
    needs: ["@aws-sdk/client-bedrock-runtime"],
  },
  { name: "Vercel AI SDK", language: "js", provider: "openai", needs: ["ai", "@ai-sdk/openai"] },
  { name: "LangChain JS", language: "js", provider: "openai", needs: ["@langchain/openai"] },
  { name: "openai", language: "python", provider: "openai", needs: ["openai"] },
  { name: "anthropic", language: "python", provider: "anthropic", needs: ["anthropic"] },
  { name: "google-genai", language: "python", provider: "gemini", toolFinish: "stop", needs: ["google.genai"] },
  { name: "cohere", language: "python", provider: "cohere", inputTokens: 71, needs: ["cohere"] },
  { name: "ollama", language: "python", provider: "ollama", toolFinish: "stop", needs: ["ollama"] },
  { name: "boto3", language: "python", provider: "bedrock", needs: ["boto3"] },
  { name: "langchain", language: "python", provider: "openai", needs: ["langchain_openai"] },
];

const scenarios = ["call", "stream", "tool call", "embeddings", "401", "429", "500", "timeout", "abort"] as const;
type Scenario = (typeof scenarios)[number];

/** What an SDK gave: a value, an error, the beginning of a stream; null where it does not have such a thing. */
type Outcome = Readonly<Record<Scenario, Readonly<Record<string, unknown>> | null>>;

/** What Weir must have recorded of each scenario's call. */
const wantedRecords: Readonly<Record<Scenario, { word: string; status: string; errorType: string }>> = {
  call: { word: "ok", status: "ok", errorType: "" },
  stream: { word: "ok", status: "ok", errorType: "" },
  "tool call": { word: "ok", status: "ok", errorType: "" },
  embeddings: { word: "ok", status: "ok", errorType: "" },
  401: { word: "fault401", status: "error", errorType: "authentication" },
  429: { word: "fault429", status: "error", errorType: "rate_limit" },
  500: { word: "fault500", status: "error", errorType: "server_error" },
  timeout: { word: "silent", status: "cancelled", errorType: "" },
  abort: { word: "endless", status: "cancelled", errorType: "" },
};

const upstreamProviders = ["gemini", "cohere", "ollama", "bedrock"];

let upstream: Program;
let weir: Weir;
before(async () => {
  upstream = await Program.start("e2e/sdk-upstream.ts");
  const moved = upstreamProviders.map((id) => [`WEIR_${id.toUpperCase()}_BASE_URL`, upstream.url]);
  weir = await Weir.start({ upstream: upstream.url, environment: Object.fromEntries(moved) });
});
after(async () => {
  await weir?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  console.log(table());
});

const cells = new Map<Sdk, Partial<Record<Scenario, string>> | string>();

function table(): string {
  const head = ["SDK", ...scenarios];
  const rows = sdks.map((sdk) => {
    const own = cells.get(sdk) ?? "not run";
    const name = `${sdk.name} (${sdk.language})`;
    if (typeof own === "string") return [name, own];
    return [name, ...scenarios.map((scenario) => own[scenario] ?? "?")];
  });
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.filter((row) => row.length > 2).map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return ["", "Official SDKs: through Weir equal to direct", line(head), ...rows.map(line), ""].join("\n");
}

function missing({ language, needs }: Sdk): string | false {
  if (language === "js") {
    const folders = [join(sdkFolder, "node_modules"), join(checkout, "node_modules")];
    const lacking = needs.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
    return lacking.length > 0 && `no ${lacking.join(", ")}: \`.ci/run\` installs them into e2e/sdks`;
  }
  if (!existsSync(python)) return "no e2e/.venv: `.ci/run` makes it";
  try {
    execFileSync(python, ["-c", needs.map((name) => `import ${name}`).join("; ")], { stdio: "ignore" });
    return false;
  } catch {
    return `no ${needs.join(", ")}: \`.ci/run\` installs them into e2e/.venv`;
  }
}

/** The SDK straight at the upstream, and at Weir. */
function play({ name, language, provider }: Sdk): Promise<readonly [straight: Outcome, through: Outcome]> {
  const addresses = [upstream.url, `${weir.url}/${provider}`];
  const [program, script] =
    language === "js"
      ? [process.execPath, join(sdkFolder, "js", "run.mjs")]
      : [python, join(sdkFolder, "python", "run.py")];
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [script, name, ...addresses],
      { timeout: 240_000, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${name} (${language}): ${error.message}\n${stderr}`));
        else resolve(JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as [Outcome, Outcome]);
      },
    );
  });
}

interface Seen {
  readonly path: string;
  readonly body: string;
  readonly hasLeft: boolean;
}

/** The requests that carry this model's name, in their order. */
async function seenOf(suffix: string): Promise<Seen[]> {
  const { seen } = (await (await fetch(`${upstream.url}/__seen`)).json()) as { seen: Seen[] };
  return seen.filter(({ path, body }) => new RegExp(`-${suffix}["/:]`).test(`${decodeURIComponent(path)}${body}`));
}

/** A request as the SDK meant it: Weir may have asked for a stream's usage. */
function meant({ path, body }: Seen): unknown {
  const { stream_options: _asked, ...rest } = JSON.parse(body) as Record<string, unknown>;
  return { path: path.replace(/^\/openai(?=\/openai)/, ""), body: rest };
}

for (const sdk of sdks) {
  const why = missing(sdk);
  if (why !== false) cells.set(sdk, `not run: ${why}`);
  test(`${sdk.name} (${sdk.language}): through Weir equal to direct`, { skip: why }, async () => {
    const own: Partial<Record<Scenario, string>> = {};
    cells.set(sdk, own);
    const [straight, through] = await play(sdk);
    const slug = sdk.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    const suffix = `${sdk.language === "js" ? "js" : "py"}-${slug}`;
    const failures: string[] = [];
    const calls = await recordedCalls(suffix, straight);
    for (const scenario of scenarios) {
      if (straight[scenario] === null) {
        own[scenario] = "–";
        continue;
      }
      const faults = faultsOf(sdk, scenario, straight, through, calls);
      own[scenario] = faults.length === 0 ? "✓" : "✗";
      failures.push(...faults.map((fault) => `${scenario}: ${fault}`));
    }
    failures.push(...(await faultsAtUpstream(suffix)));
    assert.deepEqual(failures, []);
  });
}

/** What the gateway recorded of this SDK's models, once it is all there. */
async function recordedCalls(suffix: string, outcome: Outcome): Promise<CallSummary[]> {
  const wanted = scenarios.filter((scenario) => outcome[scenario] !== null).length;
  let calls: CallSummary[] = [];
  await weir
    .until(`recorded: ${wanted} calls of ${suffix}`, 60_000, async () => {
      calls = (await listCalls(weir, {})).filter(({ request_model }) => request_model.endsWith(suffix));
      return calls.length >= wanted;
    })
    .catch(() => undefined);
  return calls;
}

function faultsOf(
  sdk: Sdk,
  scenario: Scenario,
  straight: Outcome,
  through: Outcome,
  calls: readonly CallSummary[],
): string[] {
  const faults: string[] = [];
  const [wanted, got] = [JSON.stringify(straight[scenario]), JSON.stringify(through[scenario])];
  if (wanted !== got) faults.push(`direct gave ${wanted}, through Weir ${got}`);
  const { word, status, errorType } = wantedRecords[scenario];
  if (word === "ok" && straight[scenario]?.["error"] !== undefined) faults.push(`failed: ${wanted}`);
  if (word !== "ok" && scenario !== "abort" && straight[scenario]?.["error"] === undefined) faults.push(`did not fail`);
  const own = calls.filter(({ request_model }) => request_model.startsWith(`${word}-`));
  const isTrue = (call: CallSummary) =>
    call.status === status &&
    call.error_type === errorType &&
    (status !== "ok" || call.input_tokens === (sdk.inputTokens ?? 21) || scenario === "embeddings");
  const mine = own.find((call) => isTrue(call) && matches(sdk, scenario, call));
  if (mine === undefined) faults.push(`recorded: ${JSON.stringify(own.map(shown))}`);
  return faults;
}

/** Tells the calls of one model apart. */
function matches(sdk: Sdk, scenario: Scenario, call: CallSummary & { readonly kind?: string }): boolean {
  if (scenario === "embeddings") return call.kind === "embedding";
  if (scenario === "stream") return call.is_stream && call.output_tokens === 7 && call.ttft_ns !== null;
  if (scenario === "tool call")
    return call.finish_reason === (sdk.toolFinish ?? "tool_call") && call.output_tokens === 7;
  if (scenario === "call") return !call.is_stream && call.finish_reason === "stop" && call.output_tokens === 7;
  return true;
}

function shown({ status, error_type, is_stream, finish_reason, input_tokens, output_tokens, ttft_ns }: CallSummary) {
  return { status, error_type, is_stream, finish_reason, input_tokens, output_tokens, ttft_ns };
}

/** The upstream saw each request twice, the same, and was left by the clients that left. */
async function faultsAtUpstream(suffix: string): Promise<string[]> {
  const seen = await seenOf(suffix);
  const [straight, through] = [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)];
  const faults: string[] = [];
  for (const [index, direct] of straight.entries()) {
    const passed = through[index];
    if (passed === undefined || JSON.stringify(meant(direct)) !== JSON.stringify(meant(passed))) {
      faults.push(`the provider saw ${JSON.stringify(direct)} and then ${JSON.stringify(passed)}`);
    }
  }
  for (const { body, path } of seen.filter(
    ({ path, body, hasLeft }) => /silent-|endless-/.test(path + body) && !hasLeft,
  )) {
    faults.push(`the provider was not left: ${path} ${body.slice(0, 100)}`);
  }
  return faults;
}
