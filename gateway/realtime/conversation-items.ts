import { isRecord, type Json, listOf, textOf } from "../providers/shape.ts";
import { ByteAllowance, type CaptureBudget } from "../recording/capture.ts";

/** What was said to the model since its last response. */
export interface NewItems {
  /** Whatever of it was spoken has been put in words, or will not be. */
  readonly areTranscribed: boolean;
  values(): readonly Json[];
}

class Items implements NewItems {
  readonly byId = new Map<string, Record<string, unknown>>();
  readonly awaited = new Set<string>();

  get areTranscribed(): boolean {
    return this.awaited.size === 0;
  }

  values(): readonly Json[] {
    return [...this.byId.values()];
  }
}

/** Runs of items that were handed out and may still be transcribed. */
const runsKept = 8;

/**
 * Keeps what users, tools and the system add to a realtime conversation until a response answers it, within limits.
 * The model's own items are its responses' output.
 */
export class ConversationItems {
  /** The session has what is spoken put in words. */
  isTranscribed = false;
  readonly #allowance: ByteAllowance;
  #new = new Items();
  #handedOut: Items[] = [];

  constructor(limitBytes: number, budget: CaptureBudget) {
    this.#allowance = new ByteAllowance(limitBytes, budget);
  }

  /** An item as the provider tells of it: again when more of it is known. */
  add(item: Json): void {
    const id = textOf(item["id"]);
    if (id === "" || item["role"] === "assistant" || !isSaidToModel(item)) return;
    const run = [this.#new, ...this.#handedOut].find(({ byId }) => byId.has(id)) ?? this.#new;
    const known = run.byId.get(id);
    // A later event may come without the transcript that an earlier one brought.
    if (known !== undefined && hasTranscript(known)) return;
    if (!this.#allowance.take(JSON.stringify(item).length)) return;
    run.byId.set(id, { ...item });
    if (this.isTranscribed && isSpoken(item) && !hasTranscript(item)) run.awaited.add(id);
  }

  /** A `…transcription.completed` or `.failed` event. */
  transcribed(event: Json): void {
    const id = textOf(event["item_id"]);
    for (const run of [this.#new, ...this.#handedOut]) {
      const item = run.byId.get(id);
      run.awaited.delete(id);
      const transcript = textOf(event["transcript"]);
      if (item === undefined || transcript === "" || !this.#allowance.take(transcript.length)) continue;
      item["content"] = withTranscript(listOf(item["content"]), Number(event["content_index"] ?? 0), transcript);
    }
  }

  /** What has come since the last call; what is transcribed later is added to it. */
  takeNew(): NewItems {
    const taken = this.#new;
    this.#new = new Items();
    this.#handedOut = [taken, ...this.#handedOut].slice(0, runsKept);
    return taken;
  }

  /** Must be called once at the end. */
  release(): void {
    this.#allowance.release();
  }
}

function isSaidToModel(item: Json): boolean {
  const type = textOf(item["type"]);
  return type === "message" || type.endsWith("_output");
}

function isSpoken(item: Json): boolean {
  return listOf(item["content"]).some((part) => isRecord(part) && part["type"] === "input_audio");
}

function hasTranscript(item: Json): boolean {
  return listOf(item["content"]).some((part) => isRecord(part) && textOf(part["transcript"]) !== "");
}

function withTranscript(content: readonly unknown[], index: number, transcript: string): unknown[] {
  return content.map((part, at) => (at === index && isRecord(part) ? { ...part, transcript } : part));
}
