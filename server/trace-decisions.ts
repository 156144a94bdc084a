import type { Catalog } from "@weir/catalog";
import { projectId, type Telemetry } from "@weir/model";
import type { RecordingConfig } from "@weir/pipeline";
import { parseFilter } from "@weir/query";
import { decideTraces, type SqlWriter } from "@weir/storage";
import { traceDecisionFailed, tracesDecided } from "./events.ts";
import { RepeatedLooks } from "./repeated-looks.ts";

export interface TraceDecisionsOptions {
  readonly store: SqlWriter;
  readonly catalog: Pick<Catalog, "current">;
  readonly recording: Pick<RecordingConfig, "rules" | "keepTraces" | "holdMinutes">;
  readonly telemetry: Telemetry;
  readonly now?: () => number;
}

const nanosecondsPerMs = 1_000_000n;
/** Every so often traces are looked for however long ago they ended: their spans may have come late. */
const wholeLookEveryMs = 6 * 60 * 60_000;
/** Spans may come so long after their time and still be found at the next look. */
const lateMs = 60 * 60_000;

/**
 * Decides which of the traces are kept whose spans are held: each some time after its last span. What it knows is in
 * storage: after a restart it looks through everything once, and comes to the same end.
 */
export class TraceDecisions implements AsyncDisposable {
  readonly #options: TraceDecisionsOptions;
  readonly #holdMs: number;
  readonly #looks: RepeatedLooks | undefined;
  #wholeLookAtMs = Number.NEGATIVE_INFINITY;
  #lookAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TraceDecisionsOptions) {
    this.#options = options;
    this.#holdMs = options.recording.holdMinutes * 60_000;
    const { rules, keepTraces } = options.recording;
    // What rules that are gone by now held is decided by those that are there.
    const isAsked = rules.some(({ tail }) => tail) || keepTraces.length > 0;
    this.#looks = isAsked ? this.#startLooking() : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looks?.[Symbol.asyncDispose]();
  }

  #startLooking(): RepeatedLooks {
    return new RepeatedLooks({
      everyMs: Math.min(Math.max(this.#holdMs / 4, 1000), 60_000),
      look: () => this.look(),
      onFailure: ({ message }) => this.#options.telemetry.emit(traceDecisionFailed, { error: message }),
    });
  }

  /** Decides what is due. */
  async look(): Promise<void> {
    const { catalog, now = Date.now } = this.#options;
    const nowMs = now();
    const isWhole = nowMs - this.#wholeLookAtMs >= wholeLookEveryMs;
    const sinceMs = isWhole ? 0 : this.#lookAtMs - this.#holdMs - lateMs;
    for (const { id } of catalog.current().projects()) await this.#decide(id, sinceMs, nowMs);
    this.#lookAtMs = nowMs;
    if (isWhole) this.#wholeLookAtMs = nowMs;
  }

  async #decide(project: string, sinceMs: number, nowMs: number): Promise<void> {
    const { store, telemetry, recording } = this.#options;
    const meant = recording.keepTraces.filter(({ projects }) => projects?.includes(project) !== false);
    const { decided, kept } = await decideTraces(store, projectId(project), {
      keep: meant.map(({ when }) => parseFilter(when)),
      endedBeforeUnixNano: BigInt(Math.floor(nowMs - this.#holdMs)) * nanosecondsPerMs,
      endedSinceUnixNano: BigInt(Math.max(0, Math.floor(sinceMs))) * nanosecondsPerMs,
    });
    for (const [outcome, traces] of Object.entries({ kept, not_kept: decided - kept })) {
      if (traces > 0) telemetry.emit(tracesDecided, { project_id: project, outcome }, traces);
    }
  }
}
