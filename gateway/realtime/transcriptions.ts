import { transcription } from "../providers/openai-media.ts";
import { isRecord, type Json, recordOf, textOf } from "../providers/shape.ts";
import { CallRecord } from "../recording/call-record.ts";
import { ResponseObserver } from "../recording/observe.ts";
import type { RealtimeOptions } from "./realtime-session.ts";

const api = { ...transcription, route: "/v1/realtime" };
/** Items whose speech may still be put in words. */
const itemsKept = 64;

/**
 * What a realtime session has put in words by another model than the one that answers: it is billed apart, so that each
 * is a call of its own below the connection's.
 */
export class Transcriptions {
  readonly #options: RealtimeOptions;
  /** When an item was said, by its id; the oldest first. */
  readonly #saidAtMs = new Map<string, number>();
  /** The model that transcribes; "" where nothing is transcribed. */
  #model = "";

  constructor(options: RealtimeOptions) {
    this.#options = options;
  }

  readSession(session: Json): void {
    const input = recordOf(recordOf(session["audio"])["input"]);
    this.#model = textOf(recordOf(input["transcription"] ?? session["input_audio_transcription"])["model"]);
  }

  /** The provider has an item's sound. Where more than one event says so, the first. */
  said(itemId: string, nowMs: number): void {
    if (itemId === "" || this.#saidAtMs.has(itemId)) return;
    const [oldest] = this.#saidAtMs.keys();
    if (this.#saidAtMs.size >= itemsKept && oldest !== undefined) this.#saidAtMs.delete(oldest);
    this.#saidAtMs.set(itemId, nowMs);
  }

  /** A `…transcription.completed` event: recorded where it says what was used. */
  completed(event: Json, nowMs: number): void {
    const itemId = textOf(event["item_id"]);
    const startMs = this.#saidAtMs.get(itemId) ?? nowMs;
    this.#saidAtMs.delete(itemId);
    if (!isRecord(event["usage"])) return;
    const { connection, recorder, capture, budget } = this.#options;
    const record = new CallRecord({
      callNumber: this.#options.nextCallNumber(),
      startMs,
      method: connection.method,
      provider: connection.provider,
      api,
      admission: connection.admission,
      attribution: connection.attribution,
      traceparent: connection.traceparent,
    });
    record.requestModel = this.#model;
    record.endMs = nowMs;
    if (!capture.content) record.inputState = "off";
    const contentBytes = capture.bodyLimitBytes;
    record.observer = new ResponseObserver(
      api,
      { status: 200, contentType: "application/json", contentEncoding: "" },
      { contentBytes, decodedBytes: contentBytes, budget },
    );
    const answer = Buffer.from(JSON.stringify({ text: textOf(event["transcript"]), usage: event["usage"] }));
    record.responseBytes = answer.length;
    recorder.opened(record);
    record.observer.push(answer, nowMs);
    recorder.ended(record);
  }
}
