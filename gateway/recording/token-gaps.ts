import { mostKeptGaps, writeStreamRhythm } from "@weir/model";

const keptGaps = 4096;

/** The times between content chunks of one stream. After 4096 gaps a random sample of them stands for all. */
export class TokenGaps {
  chunkCount = 0;
  #gapsMs: number[] = [];
  #lastMs = 0;
  #maxMs = 0;
  /** When every `#stride`-th chunk came, the first one included. */
  #arrivalsMs: number[] = [];
  #stride = 1;

  add(nowMs: number): void {
    if (this.chunkCount % this.#stride === 0) this.#keepArrival(nowMs);
    this.chunkCount += 1;
    if (this.chunkCount > 1) this.#addGap(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** Median, 95th percentile and longest gap in ns; nulls when there were fewer than two chunks. */
  summary(): { p50: number | null; p95: number | null; max: number | null } {
    const sorted = Float64Array.from(this.#gapsMs).sort();
    if (sorted.length === 0) return { p50: null, p95: null, max: null };
    return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), max: Math.round(this.#maxMs * 1e6) };
  }

  /** The stream's rhythm as a row keeps it; empty when there were fewer than two chunks. */
  rhythm(): string {
    if (this.chunkCount < 2) return "";
    const isLastKept = (this.chunkCount - 1) % this.#stride === 0;
    return writeStreamRhythm(this.#stride, isLastKept ? this.#arrivalsMs : [...this.#arrivalsMs, this.#lastMs]);
  }

  /** Where they become too many, every second one stands for two. */
  #keepArrival(nowMs: number): void {
    if (this.#arrivalsMs.length < mostKeptGaps) {
      this.#arrivalsMs.push(nowMs);
      return;
    }
    this.#arrivalsMs = this.#arrivalsMs.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
    if (this.chunkCount % this.#stride === 0) this.#arrivalsMs.push(nowMs);
  }

  #addGap(gapMs: number): void {
    if (gapMs > this.#maxMs) this.#maxMs = gapMs;
    const seen = this.chunkCount - 1;
    if (seen <= keptGaps) {
      this.#gapsMs.push(gapMs);
      return;
    }
    const slot = Math.floor(Math.random() * seen);
    if (slot < keptGaps) this.#gapsMs[slot] = gapMs;
  }
}

function percentile(sorted: Float64Array, share: number): number {
  const index = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1);
  return Math.round((sorted[Math.max(0, index)] as number) * 1e6);
}
