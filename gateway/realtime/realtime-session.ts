import type { GatewayConfig } from "../config.ts";
import { realtimeResponse } from "../providers/openai.ts";
import { isRecord, type Json, listOf, recordOf, textOf } from "../providers/shape.ts";
import { CallRecord } from "../recording/call-record.ts";
import { BodyCapture, type CaptureBudget } from "../recording/capture.ts";
import { ResponseObserver } from "../recording/observe.ts";
import type { Recorder } from "../recording/recorder.ts";
import { ConversationItems, type NewItems } from "./conversation-items.ts";
import { agreedInflaters } from "./message-inflater.ts";
import { Transcriptions } from "./transcriptions.ts";
import { type MessageSink, WebSocketMessages } from "./websocket-messages.ts";

/** Longer messages are not read. What matters is short, but for a session's instructions and tools. */
const messageLimitBytes = 1 << 20;
/** Where a message's type and the response's id are looked for before the whole is parsed. */
const headBytes = 400;
/** Errors of clients that are no failure: what they wanted to stop had ended by itself. */
const harmlessErrors = new Set(["response_cancel_not_active"]);
/** Normal ends: done, going away, and no code given. */
const goodCloseCodes = new Set([1000, 1001, 1005]);

export interface RealtimeOptions {
  /** The record of the connection itself; each response becomes a call below it. */
  readonly connection: CallRecord;
  /** The model that the path asked for; "" when it did not. */
  readonly model: string;
  /** The answer's `Sec-WebSocket-Extensions`. */
  readonly extensions: string;
  readonly recorder: Recorder;
  readonly capture: GatewayConfig["capture"];
  readonly budget: CaptureBudget;
  readonly nextCallNumber: () => number;
}

/** A response under way. */
interface OpenResponse {
  readonly record: CallRecord;
  readonly items: NewItems;
  readonly settings: Json;
}

/**
 * Reads an OpenAI realtime session (over WebSocket) beside its bytes: each response becomes a call with its usage, text
 * and rhythm, below the connection's own. It takes bytes after they have been passed on, and never holds one back.
 * What it cannot read is not recorded.
 */
export class RealtimeSession {
  readonly #options: RealtimeOptions;
  readonly #fromClient: WebSocketMessages;
  readonly #fromServer: WebSocketMessages;
  readonly #items: ConversationItems;
  readonly #transcriptions: Transcriptions;
  readonly #open = new Map<string, OpenResponse>();
  /** Whole responses to what was said, which is still to be transcribed. */
  #waiting: OpenResponse[] = [];
  #settings: Json = {};
  /** When the response was asked for that is to begin. */
  #askedAtMs = 0;
  #nowMs = 0;
  #closeCode = 0;
  #isEnded = false;

  constructor(options: RealtimeOptions) {
    this.#options = options;
    const limits = { messageBytes: messageLimitBytes, budget: options.budget };
    const { up, down } = agreedInflaters(options.extensions);
    this.#items = new ConversationItems(options.capture.bodyLimitBytes, options.budget);
    this.#transcriptions = new Transcriptions(options);
    this.#fromClient = new WebSocketMessages(
      this.#sink((payload) => this.#readClient(payload)),
      limits,
      up,
    );
    this.#fromServer = new WebSocketMessages(
      this.#sink((payload) => this.#readServer(payload)),
      limits,
      down,
    );
  }

  onUp(bytes: Buffer): void {
    this.#nowMs = performance.now();
    this.#fromClient.push(bytes);
  }

  onDown(bytes: Buffer): void {
    this.#nowMs = performance.now();
    this.#fromServer.push(bytes);
  }

  /**
   * The connection is closed, `by` this side first. Says in the connection's record what went wrong, where it was one of
   * the two sides, and ends what is under way.
   */
  end(by: "client" | "server" | "gateway"): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { connection } = this.#options;
    if (by !== "gateway") this.#readEnd(by);
    this.#endWaiting();
    for (const response of this.#open.values()) {
      response.record.status = by === "client" ? "cancelled" : "cut";
      if (by !== "client") response.record.errorType = connection.errorType || "upstream_cut";
      response.record.endMs = performance.now();
      this.#record(response);
    }
    this.#open.clear();
    this.#release();
  }

  /** Gives the reading up, after it failed: what is under way is ended with what is known of it. */
  abandon(): void {
    const unread = [...this.#waiting, ...this.#open.values()];
    this.#waiting = [];
    this.#open.clear();
    this.#isEnded = true;
    this.#release();
    for (const { record } of unread) {
      record.status = "cut";
      record.endMs ||= performance.now();
      this.#options.recorder.ended(record);
    }
  }

  #release(): void {
    this.#items.release();
    this.#fromClient.release();
    this.#fromServer.release();
  }

  #sink(onMessage: (payload: Buffer) => void): MessageSink {
    return {
      onMessage,
      onCloseFrame: (code) => {
        // The other side repeats it.
        if (this.#closeCode === 0) this.#closeCode = code;
      },
    };
  }

  #readEnd(by: "client" | "server"): void {
    const { connection } = this.#options;
    const isReadable = !this.#fromServer.isDamaged && !this.#fromClient.isDamaged;
    if (isReadable && this.#closeCode === 0) {
      connection.status = by === "client" ? "cancelled" : "cut";
      if (by === "server") fail(connection, "upstream_cut", "The provider broke the session off.");
    } else if (isReadable && !goodCloseCodes.has(this.#closeCode)) {
      connection.status = "error";
      fail(connection, "stream_error", `The session was closed with code ${this.#closeCode}.`);
    }
    if (connection.errorType !== "" && connection.status === "ok") connection.status = "error";
  }

  // What the client says.

  #readClient(payload: Buffer): void {
    if (typeOf(payload) === "response.create") this.#askedAtMs = this.#nowMs;
  }

  // What the provider says.

  #readServer(payload: Buffer): void {
    const type = typeOf(payload);
    if (type.startsWith("response.")) this.#readResponseEvent(type, payload);
    else if (type === "session.created" || type === "session.updated") this.#readSession(eventOf(payload));
    else if (type.startsWith("conversation.item.")) this.#readItemEvent(type, eventOf(payload));
    else if (type === "input_audio_buffer.committed") this.#noteSaid(eventOf(payload)["item_id"]);
    else if (type === "input_audio_buffer.speech_stopped") this.#askedAtMs = this.#nowMs;
    else if (type === "error") this.#readError(recordOf(eventOf(payload)["error"]));
  }

  #readSession(event: Json): void {
    const session = recordOf(event["session"]);
    this.#settings = {
      model: textOf(session["model"]) || this.#options.model,
      ...pick(session, [
        "instructions",
        "tools",
        "tool_choice",
        "temperature",
        "max_output_tokens",
        "output_modalities",
      ]),
    };
    this.#transcriptions.readSession(session);
    const input = recordOf(recordOf(session["audio"])["input"]);
    this.#items.isTranscribed = isRecord(input["transcription"]) || isRecord(session["input_audio_transcription"]);
  }

  #noteSaid(itemId: unknown): void {
    this.#transcriptions.said(textOf(itemId), this.#nowMs);
  }

  #readItemEvent(type: string, event: Json): void {
    if (type.startsWith("conversation.item.input_audio_transcription.")) {
      if (type.endsWith(".completed") || type.endsWith(".failed")) this.#items.transcribed(event);
      if (type.endsWith(".completed")) this.#transcriptions.completed(event, this.#nowMs);
      this.#recordTranscribed();
    } else if (/\.(created|added|done)$/.test(type)) {
      this.#noteSaid(recordOf(event["item"])["id"]);
      this.#items.add(recordOf(event["item"]));
    }
  }

  #readError(error: Json): void {
    if (harmlessErrors.has(textOf(error["code"]))) return;
    const type = error["type"] === "invalid_request_error" ? "invalid_request" : "stream_error";
    fail(this.#options.connection, type, textOf(error["message"]) || type);
  }

  #readResponseEvent(type: string, payload: Buffer): void {
    if (type === "response.created") {
      this.#begin(payload);
      return;
    }
    const id = type === "response.done" ? textOf(recordOf(eventOf(payload)["response"])["id"]) : responseIdOf(payload);
    const response = this.#open.get(id);
    if (response === undefined) return;
    response.record.responseBytes += payload.length;
    this.#observe(response.record, type, payload);
    if (type === "response.done") this.#finish(id, response);
  }

  #begin(payload: Buffer): void {
    const id = textOf(recordOf(eventOf(payload)["response"])["id"]);
    if (id === "" || this.#open.has(id)) return;
    this.#endWaiting();
    const record = this.#newRecord();
    this.#open.set(id, { record, items: this.#items.takeNew(), settings: this.#settings });
    this.#askedAtMs = 0;
    record.responseBytes = payload.length;
    record.firstByteAtMs = this.#nowMs;
    this.#options.recorder.opened(record);
    this.#observe(record, "response.created", payload);
  }

  #newRecord(): CallRecord {
    const { connection, model, capture, budget } = this.#options;
    const record = new CallRecord({
      callNumber: this.#options.nextCallNumber(),
      startMs: this.#askedAtMs === 0 ? this.#nowMs : this.#askedAtMs,
      method: connection.method,
      provider: connection.provider,
      api: realtimeResponse,
      admission: connection.admission,
      attribution: connection.attribution,
      traceparent: connection.traceparent,
    });
    record.requestModel = model || textOf(this.#settings["model"]);
    const contentBytes = capture.bodyLimitBytes;
    record.observer = new ResponseObserver(
      realtimeResponse,
      { status: 200, contentType: "text/event-stream", contentEncoding: "" },
      { contentBytes, decodedBytes: contentBytes, budget },
    );
    return record;
  }

  /** As an event of a stream; a sound's is told of without its bytes. */
  #observe(record: CallRecord, type: string, payload: Buffer): void {
    const isSound = type === "response.output_audio.delta" || type === "response.audio.delta";
    const data = isSound ? Buffer.from(`{"type":"${type}"}`) : onOneLine(payload);
    record.observer?.push(Buffer.concat([dataPrefix, data, eventEnd]), this.#nowMs);
  }

  #finish(id: string, response: OpenResponse): void {
    this.#open.delete(id);
    response.record.endMs = this.#nowMs;
    if (response.items.areTranscribed) this.#record(response);
    else this.#waiting.push(response);
  }

  #recordTranscribed(): void {
    const whole = this.#waiting.filter(({ items }) => items.areTranscribed);
    this.#waiting = this.#waiting.filter(({ items }) => !items.areTranscribed);
    for (const response of whole) this.#record(response);
  }

  /** What has not been transcribed by now is not waited for. */
  #endWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const response of waiting) this.#record(response);
  }

  #record({ record, items, settings }: OpenResponse): void {
    const { capture, budget, model } = this.#options;
    if (!capture.content) {
      record.inputState = "off";
    } else {
      const input = Buffer.from(JSON.stringify({ ...settings, input: items.values() }));
      record.input = new BodyCapture(capture.bodyLimitBytes, budget);
      record.input.push(input);
      record.requestBytes = input.length;
    }
    const { observer } = record;
    // Realtime responses do not repeat the session's model.
    if (observer !== undefined) observer.answer.model ||= textOf(settings["model"]) || model;
    this.#options.recorder.ended(record);
  }
}

const dataPrefix = Buffer.from("data: ");
const eventEnd = Buffer.from("\n\n");
const lineFeed = 10;
const carriageReturn = 13;

function onOneLine(json: Buffer): Buffer {
  if (!json.includes(lineFeed) && !json.includes(carriageReturn)) return json;
  return Buffer.from(JSON.stringify(eventOf(json)));
}

/** The event's type from its first bytes where they tell it, as OpenAI's do; other types there are an item's. */
function typeOf(payload: Buffer): string {
  const head = payload.toString("latin1", 0, headBytes);
  const type = /"type"\s*:\s*"([a-z_.]{1,80})"/.exec(head)?.[1] ?? "";
  return type === "error" || type.includes(".") ? type : textOf(eventOf(payload)["type"]);
}

function responseIdOf(payload: Buffer): string {
  const head = payload.toString("latin1", 0, headBytes);
  return /"response_id"\s*:\s*"([^"\\]{1,200})"/.exec(head)?.[1] ?? textOf(eventOf(payload)["response_id"]);
}

function eventOf(payload: Buffer): Json {
  try {
    return recordOf(JSON.parse(payload.toString()));
  } catch {
    return {};
  }
}

function pick(source: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => isSet(source[name])).map((name) => [name, source[name]]));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && (!Array.isArray(value) || listOf(value).length > 0);
}

function fail(connection: CallRecord, type: CallRecord["errorType"], message: string): void {
  connection.errorType = type;
  connection.errorMessage = message;
}
