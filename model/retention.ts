/** How long rows are kept where nobody says otherwise. */
export const defaultRetentionDays = 90;

/** How many days each kind of a project's data is kept, counted from its own time. */
export interface Retention {
  /** Spans, with their entries in the lists of calls and traces. */
  readonly spansDays: number;
  /** Input and output of spans, previews and log records that carry a call's content; never more than `spansDays`. */
  readonly contentDays: number;
  readonly logsDays: number;
  readonly metricPointsDays: number;
}

/** What a project or the configuration says; what it leaves open is null or absent. */
export type RetentionSettings = { readonly [Kind in keyof Retention]?: number | null | undefined };

/** About ten years. */
export const longestRetentionDays = 3650;

/**
 * Spans that are held until the outcome of their trace is known are in a retention class of their own: so many days more
 * than the days that they stay if the trace is kept.
 */
export const heldClass = 10_000;
/** Added to the days of rows that a recording rule says how long to keep: they stay, however short the project's retention. */
export const ruleClass = 20_000;

/** Days that rows of a class stay; of held spans, if their trace is kept. */
export function daysOfClass(retentionClass: number): number {
  return retentionClass % heldClass;
}

/** What holds where nobody says otherwise. */
export const defaultRetention: Retention = {
  spansDays: defaultRetentionDays,
  contentDays: defaultRetentionDays,
  logsDays: defaultRetentionDays,
  metricPointsDays: defaultRetentionDays,
};

/** The first setting that says something counts: the project's before the configuration's. Content: as long as spans. */
export function retentionOf(...settings: readonly RetentionSettings[]): Retention {
  const first = (kind: keyof Retention) => settings.find((setting) => setting[kind] != null)?.[kind] ?? undefined;
  const spansDays = first("spansDays") ?? defaultRetention.spansDays;
  return {
    spansDays,
    contentDays: Math.min(first("contentDays") ?? spansDays, spansDays),
    logsDays: first("logsDays") ?? defaultRetention.logsDays,
    metricPointsDays: first("metricPointsDays") ?? defaultRetention.metricPointsDays,
  };
}
