import type { ChatRequest } from "./chat-request.ts";

/** A piece of a streamed answer. Tool calls are numbered in the order in which they begin. */
export type Delta =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | {
      readonly kind: "call";
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly kind: "arguments"; readonly index: number; readonly arguments: string };

/** Reads the events of one stream, in order. `type` is the event's name where the framing has one beside the data. */
export type DeltaReader = (event: unknown, type: string) => Delta[];

/** How a provider's own API is spoken to on behalf of a client of OpenAI's chat completions. Pure. */
export interface ChatDialect {
  /** The path of a request, as a client of the provider's own SDK would call it under `/<provider>`. */
  path(request: ChatRequest): string;
  /** Names and values, in turn, of headers that the API needs. */
  readonly headers: readonly string[];
  /** The body. Throws `BAD_REQUEST` for what the API cannot be asked. */
  body(request: ChatRequest): unknown;
  openDeltas(): DeltaReader;
}
