/**
 * The one message model: what every API's requests and answers are read into (`conversation/`), for the UI, for search
 * and for evaluation. Rows keep the provider's own JSON; messages are derived from it when they are read.
 */
export interface Message {
  readonly role: Role;
  /** The participant's or tool's name, where one was given. */
  readonly name?: string;
  readonly parts: readonly Part[];
}

/** Roles outside the list are kept as they are. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool" | (string & {});

export interface ResponseMessage extends Message {
  /** In the provider's own words: `stop`, `end_turn`, `tool_calls` …; empty when unknown. */
  readonly finishReason: string;
}

export type Part =
  | TextPart
  | ReasoningPart
  | RefusalPart
  | ErrorPart
  | ToolCallPart
  | ToolResultPart
  | MediaPart
  | EmbeddingPart
  | JsonPart
  | UnknownPart;

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

export interface ReasoningPart {
  readonly type: "reasoning";
  /** Empty when the provider sent it encrypted. */
  readonly text: string;
  readonly isEncrypted: boolean;
}

export interface RefusalPart {
  readonly type: "refusal";
  readonly text: string;
}

/** The provider answered with an error. */
export interface ErrorPart {
  readonly type: "error";
  readonly text: string;
  readonly code: string;
}

export interface ToolCallPart {
  readonly type: "tool_call";
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it; it may be broken. */
  readonly arguments: string;
  /** True when the provider itself runs the tool (web search, code execution). */
  readonly isProviderTool: boolean;
}

export interface ToolResultPart {
  readonly type: "tool_result";
  /** The id of the call that it answers. */
  readonly id: string;
  readonly parts: readonly Part[];
  readonly isError: boolean;
}

export interface MediaPart {
  readonly type: "image" | "audio" | "video" | "document";
  readonly source: MediaSource;
  readonly name: string;
}

export type MediaSource =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "data"; readonly mediaType: string; readonly base64: string }
  | { readonly kind: "text"; readonly mediaType: string; readonly text: string }
  | { readonly kind: "file"; readonly fileId: string };

export interface EmbeddingPart {
  readonly type: "embedding";
  readonly dimensions: number;
}

/** A value that is no message: what a tool or a step took or gave. */
export interface JsonPart {
  readonly type: "json";
  readonly value: unknown;
}

/** A part of a kind that Weir does not know yet, as it was sent. */
export interface UnknownPart {
  readonly type: "unknown";
  readonly label: string;
  readonly value: unknown;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments; null for tools of the provider's own. */
  readonly parameters: unknown;
}

export interface Conversation {
  /** The system prompt: instructions, and system or developer messages that open the conversation. */
  readonly system: string;
  /** What was sent, in order, without the system prompt. */
  readonly messages: readonly Message[];
  /** The answer; null when there was none. */
  readonly response: ResponseMessage | null;
  /** Further answers, where several were asked for. */
  readonly alternatives: readonly ResponseMessage[];
  readonly tools: readonly ToolDefinition[];
  /** Every other field of the request: model, temperature, … */
  readonly params: Readonly<Record<string, unknown>>;
  /** True when content was cut off, so that some of it shows as plain text. */
  readonly truncated: boolean;
}

/** The text of parts, without reasoning and tools. */
export function textOf(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.type === "text")
    .map((part) => part.text)
    .join("");
}

export function toolCallsOf(parts: readonly Part[]): ToolCallPart[] {
  return parts.filter((part) => part.type === "tool_call");
}
