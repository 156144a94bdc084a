/** The stretch of time that a page shows: a preset that moves with the clock, or fixed ends. */
export type RangeSpec =
  | { readonly kind: "preset"; readonly preset: RangePreset }
  | { readonly kind: "fixed"; readonly from: string; readonly to: string };

export const rangePresets = ["15m", "1h", "6h", "24h", "3d", "7d", "30d", "90d"] as const;
export type RangePreset = (typeof rangePresets)[number];
export const defaultPreset: RangePreset = "24h";

const minuteMs = 60_000;
const presetMs: Record<RangePreset, number> = {
  "15m": 15 * minuteMs,
  "1h": 60 * minuteMs,
  "6h": 360 * minuteMs,
  "24h": 1440 * minuteMs,
  "3d": 3 * 1440 * minuteMs,
  "7d": 7 * 1440 * minuteMs,
  "30d": 30 * 1440 * minuteMs,
  "90d": 90 * 1440 * minuteMs,
};

export const presetNames: Record<RangePreset, string> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "3d": "Last 3 days",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
};

/** Reads the range from a URL's `range`, `from` and `to`; what is missing or wrong becomes the default. */
export function readRange(search: RangeSearch): RangeSpec {
  const from = Date.parse(search.from ?? "");
  const to = Date.parse(search.to ?? "");
  if (from < to) return { kind: "fixed", from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const preset = rangePresets.find((name) => name === search.range);
  return { kind: "preset", preset: preset ?? defaultPreset };
}

export interface RangeSearch {
  range?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** The URL's parameters of a range; the default leaves none. Every key is named, so that older ones go. */
export function writeRange(range: RangeSpec): Required<RangeSearch> {
  if (range.kind === "fixed") return { range: undefined, from: range.from, to: range.to };
  return { range: range.preset === defaultPreset ? undefined : range.preset, from: undefined, to: undefined };
}

/** The ends of the range. A preset's end is now. */
export function rangeEnds(range: RangeSpec, now: number): { from: string; to: string } {
  if (range.kind === "fixed") return range;
  return { from: new Date(now - presetMs[range.preset]).toISOString(), to: new Date(now).toISOString() };
}

/** What to ask of lists: a preset has no end, so that rows of this second are in it. */
export function rangeQuery(range: RangeSpec, now: number): { from: string; to?: string } {
  if (range.kind === "fixed") return { from: range.from, to: range.to };
  return { from: rangeEnds(range, now).from };
}

const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** `Last 24 hours`, or `20 Nov, 04:00 – 21 Nov, 05:00`. */
export function nameRange(range: RangeSpec): string {
  if (range.kind === "preset") return presetNames[range.preset];
  return `${dayAndClock.format(new Date(range.from))} – ${dayAndClock.format(new Date(range.to))}`;
}

/** A range dragged on a chart, in epoch seconds, widened to whole minutes. Undefined when the drag was a click. */
export function draggedRange(fromSeconds: number, toSeconds: number): RangeSpec | undefined {
  const from = Math.floor(Math.min(fromSeconds, toSeconds) / 60) * minuteMs;
  const to = Math.ceil(Math.max(fromSeconds, toSeconds) / 60) * minuteMs;
  if (to - from < minuteMs) return undefined;
  return { kind: "fixed", from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** What a viewer types into `<input type="datetime-local">`, in the viewer's zone. */
export function toLocalInput(time: string): string {
  const at = new Date(time);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * minuteMs);
  return local.toISOString().slice(0, 16);
}
