/** How numbers read everywhere. Unknown values are not formatted here: see `Unknown`. */

const trimmed = (value: number, digits: number) => value.toFixed(digits).replace(/\.?0+$/, "");

/** Three significant digits: `1.24`, `12.4`, `124`. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** `840 µs`, `12 ms`, `1.24 s`, `2 m 03 s`, `1 h 05 m`. */
export function formatDuration(ns: number): string {
  if (ns < 1000) return ns === 0 ? "0 ms" : `${Math.round(ns)} ns`;
  if (ns < 999_500) return `${Math.round(ns / 1000)} µs`;
  if (ns < 9_950_000) return `${trimmed(ns / 1e6, 1)} ms`;
  if (ns < 999_500_000) return `${Math.round(ns / 1e6)} ms`;
  if (ns < 59_950_000_000) return `${threeDigits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} m`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** The whole number with its unit, for hovering: `1,240,123,456 ns`. */
export function exactDuration(ns: number): string {
  return `${formatInteger(ns)} ns`;
}

/** `$0.00042`, `$0.0123`, `$12.30`, `$4.2k`. */
export function formatUsd(nanoUsd: number): string {
  const usd = nanoUsd / 1e9;
  const size = Math.abs(usd);
  const sign = usd < 0 ? "−" : "";
  if (size === 0) return "$0";
  if (size < 1) return `${sign}$${smallUsd(size)}`;
  if (size < 999.995) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${compact(size)}`;
}

/** Two significant digits, at least two places. */
function smallUsd(usd: number): string {
  const places = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  const text = usd.toFixed(places);
  return places > 2 ? text.replace(/0+$/, "").padEnd(4, "0") : text;
}

/** Every digit that there is: `$0.000423150`. */
export function exactUsd(nanoUsd: number): string {
  const sign = nanoUsd < 0 ? "−" : "";
  const text = String(Math.abs(Math.round(nanoUsd))).padStart(10, "0");
  const fraction = text.slice(-9).replace(/0+$/, "").padEnd(2, "0");
  return `${sign}$${formatInteger(Number(text.slice(0, -9)))}.${fraction}`;
}

const integers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `1,240,123`. */
export function formatInteger(value: number): string {
  return integers.format(value);
}

/** `842`, `12.3k`, `4.2M`: counts and tokens. */
export function formatCount(value: number): string {
  return Math.abs(value) < 1000 ? String(Math.round(value)) : compact(value);
}

function compact(value: number): string {
  const units = ["k", "M", "B", "T"];
  let scaled = value / 1000;
  let unit = 0;
  while (Math.abs(scaled) >= 999.95 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${trimmed(scaled, 1)}${units[unit]}`;
}

/** `0 %`, `0.42 %`, `12.3 %`. */
export function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  if (percent === 0) return "0 %";
  if (Math.abs(percent) < 0.01) return percent < 0 ? "> −0.01 %" : "< 0.01 %";
  return `${trimmed(percent, Math.abs(percent) < 10 ? 2 : 1)} %`;
}

/** `812 B`, `4.2 kB`, `1.3 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${trimmed(bytes / 1e3, 1)} kB` : `${trimmed(bytes / 1e6, 1)} MB`;
}

/** `84.2 tok/s`. */
export function formatTokenRate(perSecond: number): string {
  return `${perSecond >= 1000 ? compact(perSecond) : threeDigits(perSecond)} tok/s`;
}

/** `now`, `42 s ago`, `5 m ago`, `3 h ago`, `2 d ago`, then the date. */
export function formatRelative(time: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (seconds < -5) return `in ${formatSpan(-seconds)}`;
  if (seconds < 2) return "now";
  return seconds < 30 * 86_400 ? `${formatSpan(seconds)} ago` : formatDay(time);
}

function formatSpan(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const moments = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  timeZoneName: "short",
});

function formatDay(time: string): string {
  return days.format(new Date(time));
}

/** `21 Nov 2026, 04:05:06.789 UTC` in the viewer's zone. */
export function formatAbsolute(time: string): string {
  return moments.format(new Date(time));
}

export interface Delta {
  readonly text: string;
  readonly tone: "good" | "bad" | "neutral";
}

/** The change against the previous period, toned by what is good for this figure. Undefined when it cannot be told. */
export function formatDelta(
  value: number | null,
  previous: number | null,
  better: "less" | "more" | "neither",
): Delta | undefined {
  if (value === null || previous === null) return undefined;
  if (value === previous) return { text: "±0 %", tone: "neutral" };
  if (previous === 0) return undefined;
  const ratio = value / previous - 1;
  const size = Math.abs(ratio);
  const text = ratio > 9.99 ? `×${compactFactor(value / previous)}` : `${ratio > 0 ? "+" : "−"}${percentSize(size)} %`;
  if (better === "neither" || size < 0.02) return { text, tone: "neutral" };
  return { text, tone: ratio > 0 === (better === "more") ? "good" : "bad" };
}

function percentSize(size: number): string {
  return size < 0.0995 ? trimmed(size * 100, 1) : String(Math.round(size * 100));
}

function compactFactor(factor: number): string {
  return factor < 1000 ? String(Math.round(factor)) : compact(factor);
}

/** `1 call`, `2 calls`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

/** Short enough for a cell, with both ends of an id left: `4bf92f35…0e4736`. */
export function shortId(id: string): string {
  return id.length <= 18 ? id : `${id.slice(0, 8)}…${id.slice(-6)}`;
}
