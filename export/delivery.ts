import { setTimeout as sleep } from "node:timers/promises";
import type { Telemetry } from "@weir/model";
import type { Signal } from "@weir/otlp";
import { exportEvents } from "./events.ts";
import type { Transport } from "./otlp/transport.ts";

export interface DeliveryOptions {
  /** The destination's name, for counters and log lines. */
  readonly destination: string;
  readonly transport: Transport;
  readonly telemetry: Telemetry;
  readonly retryForMs: number;
  /** Aborted when Weir ends: nothing is tried again from then on. */
  readonly stopping: AbortSignal;
  /** A random number from 0 to 1; for tests. */
  readonly random?: () => number;
  /** The first pause; for tests. */
  readonly firstPauseMs?: number;
}

const firstPauseMs = 1000;
const pauseFactor = 1.5;
const longestPauseMs = 30_000;

/** Sends requests to one destination, again after a pause where that helps, and counts what became of them. */
export class Delivery {
  readonly #options: DeliveryOptions;
  #isFailing = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Resolves once the collector has taken the `count` items of the body, or they are given up. Never rejects. */
  async deliver(signal: Signal, body: Buffer, count: number): Promise<void> {
    const { transport, telemetry, destination, retryForMs, stopping } = this.#options;
    const labels = { destination, signal };
    const beganMs = performance.now();
    for (let attempt = 0; ; attempt++) {
      const result = await transport.send(signal, body);
      if (result.outcome === "accepted") {
        this.#tellBack();
        const rejected = Math.min(count, result.rejectedCount);
        telemetry.emit(exportEvents.itemsExported, labels, count - rejected);
        if (rejected > 0) this.#drop(labels, "rejected", rejected);
        return;
      }
      this.#tellFailing(signal, result.reason);
      if (result.outcome === "refused") return this.#drop(labels, "refused", count);
      const pauseMs = this.#pauseMs(attempt, result.retryAfterMs);
      if (stopping.aborted) return this.#drop(labels, "stopped", count);
      if (performance.now() - beganMs + pauseMs > retryForMs) return this.#drop(labels, "expired", count);
      telemetry.emit(exportEvents.exportRetried, labels);
      await sleep(pauseMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    }
  }

  /** Doubling is too coarse and all senders at once too many: 1.5 times the last pause, half of it by chance. */
  #pauseMs(attempt: number, askedMs: number | undefined): number {
    const { random = Math.random, firstPauseMs: first = firstPauseMs } = this.#options;
    const fullMs = Math.min(longestPauseMs, first * pauseFactor ** attempt);
    return Math.max(askedMs ?? 0, fullMs * (0.5 + random() / 2));
  }

  #drop(labels: { readonly destination: string; readonly signal: Signal }, reason: string, count: number): void {
    this.#options.telemetry.emit(exportEvents.itemsDropped, { ...labels, reason }, count);
  }

  /** One line at the first failure and one when it is over, however many batches fail in between. */
  #tellFailing(signal: Signal, reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { telemetry, destination } = this.#options;
    telemetry.emit(exportEvents.destinationFailing, { destination, signal, reason });
  }

  #tellBack(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#options.telemetry.emit(exportEvents.destinationBack, { destination: this.#options.destination });
  }
}
