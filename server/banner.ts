import { styleText } from "node:util";

export interface BannerOptions {
  /** `http://127.0.0.1:8080` */
  readonly address: string;
  /** `http://127.0.0.1:4318` and `127.0.0.1:4317`. */
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  /** Path and query of the one-time sign-in page. */
  readonly signInPath: string | undefined;
  readonly isLoopback: boolean;
  readonly dataDirectory: string;
  readonly hasDemo: boolean;
  readonly withColour: boolean;
}

/** What `npm start` prints when everything is up: where it is, how to point an SDK at it, how to get in. */
export function banner(options: BannerOptions): string {
  const { address, otlpHttp, otlpGrpc, signInPath, isLoopback, dataDirectory, hasDemo, withColour } = options;
  const strong = (text: string) => (withColour ? styleText("bold", text, { validateStream: false }) : text);
  const lines = [
    "",
    `  ${strong("Weir")} is at ${strong(address)}`,
    "",
    "  Point an SDK at it; nothing else in your code changes:",
    `    OpenAI      baseURL  ${address}/openai/v1        (Python: base_url)`,
    `    Anthropic   baseURL  ${address}/anthropic        (Python: base_url)`,
    `    any other   baseURL  ${address}/<provider>/…     groq, mistral, deepseek, ollama …`,
    `    OpenTelemetry       ${otlpHttp} (OTLP/HTTP), ${otlpGrpc} (gRPC)`,
  ];
  if (!isLoopback) {
    lines.push("", "  Each call needs a Weir key: in the header x-weir-key, or in place of the provider's key.");
  }
  if (signInPath !== undefined) {
    lines.push("", "  See the calls (this link works once, for 15 minutes; `npm run weir -- link` makes another):");
    lines.push(`    ${strong(address + signInPath)}`);
  }
  if (hasDemo) {
    lines.push("", "  The demo's traffic runs in the project `demo`. To remove it: npm run weir -- demo remove");
  }
  lines.push("", `  Data is in ${dataDirectory}. Ctrl-C stops Weir.`, "");
  return lines.join("\n");
}
