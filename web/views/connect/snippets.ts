/** A way to reach a provider through Weir: what to paste, with this install's address. */
export interface Snippet {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

export interface SnippetInput {
  /** This install's address, `http://127.0.0.1:8080`. */
  readonly origin: string;
  /** A Weir key, or undefined where calls need none. */
  readonly weirKey: string | undefined;
  /** Whether the Weir key stands in for the provider's own key, which Weir then holds. */
  readonly isVirtual: boolean;
}

export type SnippetProvider = "openai" | "anthropic";

const sets: Record<SnippetProvider, (input: SnippetInput) => Snippet[]> = {
  openai: openaiSnippets,
  anthropic: anthropicSnippets,
};

export function snippetsFor(provider: SnippetProvider, input: SnippetInput): Snippet[] {
  return sets[provider](input);
}

/** Leaves out the lines that are undefined. */
function lines(...all: readonly (string | undefined)[]): string {
  return all.filter((line) => line !== undefined).join("\n");
}

function openaiSnippets({ origin, weirKey: key, isVirtual }: SnippetInput): Snippet[] {
  const base = `${origin}/openai/v1`;
  const header = key === undefined || isVirtual ? undefined : key;
  const own = isVirtual && key !== undefined ? key : undefined;
  return [
    {
      id: "python",
      name: "Python",
      language: "python",
      code: lines(
        "from openai import OpenAI",
        "",
        "client = OpenAI(",
        `    base_url="${base}",`,
        own && `    api_key="${own}",`,
        header && `    default_headers={"x-weir-key": "${header}"},`,
        ")",
        "answer = client.chat.completions.create(",
        '    model="gpt-5-mini",',
        '    messages=[{"role": "user", "content": "Say hello."}],',
        ")",
        "print(answer.choices[0].message.content)",
      ),
    },
    {
      id: "typescript",
      name: "TypeScript",
      language: "typescript",
      code: lines(
        'import OpenAI from "openai";',
        "",
        "const client = new OpenAI({",
        `  baseURL: "${base}",`,
        own && `  apiKey: "${own}",`,
        header && `  defaultHeaders: { "x-weir-key": "${header}" },`,
        "});",
        "const answer = await client.chat.completions.create({",
        '  model: "gpt-5-mini",',
        '  messages: [{ role: "user", content: "Say hello." }],',
        "});",
        "console.log(answer.choices[0].message.content);",
      ),
    },
    {
      id: "curl",
      name: "curl",
      language: "bash",
      code: lines(
        `curl ${base}/chat/completions \\`,
        `  -H "authorization: Bearer ${own ?? "$OPENAI_API_KEY"}" \\`,
        header && `  -H "x-weir-key: ${header}" \\`,
        '  -H "content-type: application/json" \\',
        `  -d '{"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Say hello."}]}'`,
      ),
    },
    {
      id: "env",
      name: "Environment",
      language: "bash",
      code: lines(
        "# Read by the OpenAI SDKs and most tools built on them; no code changes.",
        `export OPENAI_BASE_URL="${base}"`,
        own && `export OPENAI_API_KEY="${own}"`,
        header && "# Weir's key must then stand in for the provider's: add a connection under Providers.",
      ),
    },
  ];
}

function anthropicSnippets({ origin, weirKey: key, isVirtual }: SnippetInput): Snippet[] {
  const base = `${origin}/anthropic`;
  const header = key === undefined || isVirtual ? undefined : key;
  const own = isVirtual && key !== undefined ? key : undefined;
  return [
    {
      id: "python",
      name: "Python",
      language: "python",
      code: lines(
        "from anthropic import Anthropic",
        "",
        "client = Anthropic(",
        `    base_url="${base}",`,
        own && `    api_key="${own}",`,
        header && `    default_headers={"x-weir-key": "${header}"},`,
        ")",
        "answer = client.messages.create(",
        '    model="claude-sonnet-4-5",',
        "    max_tokens=256,",
        '    messages=[{"role": "user", "content": "Say hello."}],',
        ")",
        "print(answer.content[0].text)",
      ),
    },
    {
      id: "typescript",
      name: "TypeScript",
      language: "typescript",
      code: lines(
        'import Anthropic from "@anthropic-ai/sdk";',
        "",
        "const client = new Anthropic({",
        `  baseURL: "${base}",`,
        own && `  apiKey: "${own}",`,
        header && `  defaultHeaders: { "x-weir-key": "${header}" },`,
        "});",
        "const answer = await client.messages.create({",
        '  model: "claude-sonnet-4-5",',
        "  max_tokens: 256,",
        '  messages: [{ role: "user", content: "Say hello." }],',
        "});",
        "console.log(answer.content);",
      ),
    },
    {
      id: "curl",
      name: "curl",
      language: "bash",
      code: lines(
        `curl ${base}/v1/messages \\`,
        `  -H "x-api-key: ${own ?? "$ANTHROPIC_API_KEY"}" \\`,
        header && `  -H "x-weir-key: ${header}" \\`,
        '  -H "anthropic-version: 2023-06-01" \\',
        '  -H "content-type: application/json" \\',
        `  -d '{"model": "claude-sonnet-4-5", "max_tokens": 256, "messages": [{"role": "user", "content": "Say hello."}]}'`,
      ),
    },
    {
      id: "env",
      name: "Environment",
      language: "bash",
      code: lines(
        "# Read by the Anthropic SDKs and by Claude Code; no code changes.",
        `export ANTHROPIC_BASE_URL="${base}"`,
        own && `export ANTHROPIC_API_KEY="${own}"`,
        header && `export ANTHROPIC_CUSTOM_HEADERS="x-weir-key: ${header}"`,
      ),
    },
  ];
}

/** One span over REST, for what has no SDK and no proxy. */
export function restSnippet(origin: string, key: string | undefined): string {
  return lines(
    `curl ${origin}/api/v1/traces \\`,
    key === undefined ? undefined : `  -H "x-weir-key: ${key}" \\`,
    '  -H "content-type: application/json" \\',
    `  -d '{"trace_type": "single_call", "model": "gpt-5-mini", "provider": "openai",`,
    `       "spans": [{"name": "chat", "model": "gpt-5-mini", "provider": "openai",`,
    `                  "input": "Say hello.", "output": "Hello!", "prompt_tokens": 4,`,
    `                  "completion_tokens": 2, "duration_ms": 640, "status": "ok"}]}'`,
  );
}

/** One log record over OTLP; an SDK's exporter needs the address alone. */
export function logSnippet(origin: string, key: string | undefined): string {
  return lines(
    `curl ${origin}/v1/logs \\`,
    key === undefined ? undefined : `  -H "x-weir-key: ${key}" \\`,
    '  -H "content-type: application/json" \\',
    `  -d '{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},`,
    `       "scopeLogs": [{"logRecords": [{"severityNumber": 9, "severityText": "INFO",`,
    `                                      "body": {"stringValue": "The first record."}}]}]}]}'`,
  );
}

/** What makes an OpenTelemetry SDK send its logs here. */
export function logEnvironmentSnippet(origin: string, key: string | undefined): string {
  return lines(
    `export OTEL_EXPORTER_OTLP_ENDPOINT="${origin}"`,
    'export OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"',
    'export OTEL_LOGS_EXPORTER="otlp"',
    key === undefined ? undefined : `export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=${key}"`,
  );
}
