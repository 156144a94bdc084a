import { CodedError, ownValue } from "@weir/model";
import { callRefused } from "./events.ts";
import { type ForwardContext, forward } from "./forward.ts";
import type { Exchange, ExchangeHandler } from "./http1/exchange.ts";
import { answerError } from "./own-answer.ts";
import type { Provider } from "./provider-table.ts";
import { JsonScanner, memberText } from "./recording/json-scanner.ts";
import { applyPatch } from "./stream-usage.ts";
import { isTranslatable, type TranslatedCall, translate } from "./translation/index.ts";

const calls: Readonly<Record<string, TranslatedCall>> = {
  "/v1/chat/completions": "chat",
  "/v1/embeddings": "embeddings",
};

/** Which of OpenAI's calls a request is, among those whose model may name its provider. */
export function callByModel(method: string, url: string): TranslatedCall | undefined {
  if (method !== "POST") return undefined;
  const query = url.indexOf("?");
  return ownValue(calls, query === -1 ? url : url.slice(0, query));
}

const modelMember: ReadonlySet<string> = new Set(["model"]);

/**
 * Forwards a call of OpenAI's to the provider that its model names, `provider/model`, in that provider's own words;
 * to the usual provider, byte for byte, where the model names none. Waits for as much of the body as tells the model,
 * and for all of it, up to `holdLimitBytes`, where that names a provider.
 */
export function forwardByModel(
  context: ForwardContext,
  providers: ReadonlyMap<string, Provider>,
  usual: Provider,
  exchange: Exchange,
  call: TranslatedCall,
  url: string,
  startMs: number,
): void {
  if (exchange.head.bodyLength === 0 || exchange.head.bodyLength > context.config.capture.holdLimitBytes) {
    forward(context, exchange, usual, url, startMs);
    return;
  }
  exchange.handler = new BodyWait(context, providers, usual, exchange, call, url, startMs);
}

/** Holds a request's body until its model can be read. */
class BodyWait implements ExchangeHandler {
  readonly #context: ForwardContext;
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #usual: Provider;
  readonly #exchange: Exchange;
  readonly #call: TranslatedCall;
  readonly #url: string;
  readonly #startMs: number;
  readonly #scanner = new JsonScanner(modelMember);
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(
    context: ForwardContext,
    providers: ReadonlyMap<string, Provider>,
    usual: Provider,
    exchange: Exchange,
    call: TranslatedCall,
    url: string,
    startMs: number,
  ) {
    this.#context = context;
    this.#providers = providers;
    this.#usual = usual;
    this.#exchange = exchange;
    this.#call = call;
    this.#url = url;
    this.#startMs = startMs;
  }

  onRequestData(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#scanner.push(chunk);
    const isTooLong = this.#heldBytes > this.#context.config.capture.holdLimitBytes;
    // Once the model is known to name no provider, there is nothing to wait for.
    const isUsual = this.#scanner.members["model"] !== undefined && this.#named() === undefined;
    if (isTooLong || isUsual) this.#forwardUsual(false);
  }

  onRequestEnd(): void {
    const named = this.#named();
    if (named === undefined) this.#forwardUsual(true);
    else this.#forwardTo(named.provider, named.asked, named.model);
  }

  /** The provider that the model names, and the model's name there. */
  #named(): { readonly provider: Provider; readonly asked: string; readonly model: string } | undefined {
    const asked = memberText(this.#scanner.members["model"]);
    const slash = asked.indexOf("/");
    const provider = slash === -1 ? undefined : this.#providers.get(asked.slice(0, slash));
    return provider && { provider, asked, model: asked.slice(slash + 1) };
  }

  onDrain(): void {}

  onClose(): void {
    this.#held = [];
  }

  /** As if nobody had waited: the call takes what came from the beginning. */
  #forwardUsual(isWhole: boolean): void {
    forward(this.#context, this.#exchange, this.#usual, this.#url, this.#startMs);
    const { handler } = this.#exchange;
    if (handler === this) return;
    for (const chunk of this.#held) handler.onRequestData(chunk);
    if (isWhole) handler.onRequestEnd();
    this.#held = [];
  }

  #forwardTo(provider: Provider, asked: string, model: string): void {
    const body = Buffer.concat(this.#held);
    this.#held = [];
    try {
      if (provider.shape === "openai") this.#forwardRenamed(provider, body, model);
      else this.#forwardTranslated(provider, body, asked, model);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#context.telemetry.emit(callRefused, { code: error.code, provider: provider.id });
      answerError(this.#exchange, error, "openai");
    }
  }

  /** The provider speaks OpenAI's API: only the model's name changes. */
  #forwardRenamed(provider: Provider, body: Buffer, model: string): void {
    const member = this.#scanner.members["model"];
    if (member === undefined) return;
    const patch = { offset: member.start, remove: Buffer.byteLength(member.text), insert: JSON.stringify(model) };
    const path = provider.openaiPath + this.#url.slice("/v1".length);
    const renamed = Buffer.concat(applyPatch([body], patch));
    forward(this.#context, this.#exchange, provider, path, this.#startMs, { body: renamed });
  }

  #forwardTranslated(provider: Provider, body: Buffer, asked: string, model: string): void {
    const dialect = provider.shape;
    if (dialect === "openai" || !isTranslatable(dialect, this.#call)) {
      throw new CodedError("BAD_REQUEST", `${provider.id} has no embeddings.`);
    }
    const translation = translate(dialect, this.#call, body, model, asked);
    forward(this.#context, this.#exchange, provider, translation.path, this.#startMs, {
      body: translation.body,
      translation,
    });
  }
}
