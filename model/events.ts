/**
 * Something worth a log line and a counter. Packages declare theirs in `events.ts` and emit them through
 * `Telemetry`; one call makes one line and one count. Fields never hold secrets or prompt text.
 */
export interface EventDefinition {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** Name of the counter that goes up, without prefix: `journal_segments_set_aside` becomes `weir_journal_segments_set_aside_total`. */
  readonly counter?: string;
  /** The fields that are also the counter's labels; each must have few values. */
  readonly labels?: readonly string[];
}

export type EventFields = Readonly<Record<string, string | number | boolean | undefined>> & { readonly error?: string };

export interface Telemetry {
  /** Logs the line and adds `count` (1 unless told) to its counter. Never throws. */
  emit(event: EventDefinition, fields?: EventFields, count?: number): void;
}

/** For tests and for parts that nobody listens to. */
export const silentTelemetry: Telemetry = { emit() {} };
