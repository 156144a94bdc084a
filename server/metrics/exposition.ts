import type { Exemplar, MetricSnapshot, SeriesSnapshot } from "./metric-store.ts";

export type ExpositionFormat = "text" | "openmetrics";

export const expositionContentTypes: Record<ExpositionFormat, string> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What a scraper prefers, by its Accept header. Text, where it does not say. */
export function preferredFormat(accept: string | undefined): ExpositionFormat {
  let best: ExpositionFormat = "text";
  let bestQuality = 0;
  for (const item of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim());
    const quality = Number(parameters.find((part) => part.startsWith("q="))?.slice(2) ?? 1);
    const format = type === "application/openmetrics-text" ? "openmetrics" : type === "text/plain" ? "text" : undefined;
    if (format === undefined || !(quality > bestQuality)) continue;
    best = format;
    bestQuality = quality;
  }
  return best;
}

/** The metrics as Prometheus text 0.0.4 or OpenMetrics 1.0, the latter with exemplars. */
export function exposition(metrics: readonly MetricSnapshot[], format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const metric of metrics) {
    const observed = metric.series.filter(hasObservations);
    if (observed.length === 0) continue;
    addHead(metric, format, lines);
    for (const series of observed) addSeries(metric, series, format, lines);
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

/** A histogram that nothing fell into says nothing in many lines. */
function hasObservations({ buckets }: SeriesSnapshot): boolean {
  return buckets === undefined || buckets.some((count) => count > 0);
}

function addHead(metric: MetricSnapshot, format: ExpositionFormat, lines: string[]): void {
  const isOpen = format === "openmetrics";
  const name = isOpen && metric.type === "counter" ? metric.name.replace(/_total$/, "") : metric.name;
  lines.push(`# HELP ${name} ${escapeHelp(metric.help, isOpen)}`);
  lines.push(`# TYPE ${name} ${isOpen && metric.isClassic ? "unknown" : metric.type}`);
}

function addSeries(metric: MetricSnapshot, series: SeriesSnapshot, format: ExpositionFormat, lines: string[]): void {
  const labels = metric.labels.map((name, index) => `${name}="${escapeLabel(series.labels[index] ?? "")}"`);
  if (metric.type !== "histogram") {
    // OpenMetrics has exemplars on counters, and knows a counter by its `_total`.
    const hasExemplar = format === "openmetrics" && metric.type === "counter" && !metric.isClassic;
    const exemplar = hasExemplar ? exemplarText(series.exemplars?.[0] ?? null) : "";
    lines.push(`${metric.name}${braces(labels)} ${series.value}${exemplar}`);
    return;
  }
  let count = 0;
  series.buckets?.forEach((inBucket, index) => {
    count += inBucket;
    const bound = metric.bounds?.[index];
    const le = `le="${bound === undefined ? "+Inf" : boundText(bound, format)}"`;
    const exemplar = format === "openmetrics" ? exemplarText(series.exemplars?.[index] ?? null) : "";
    lines.push(`${metric.name}_bucket${braces([...labels, le])} ${count}${exemplar}`);
  });
  lines.push(`${metric.name}_sum${braces(labels)} ${series.value}`);
  lines.push(`${metric.name}_count${braces(labels)} ${count}`);
}

function braces(labels: readonly string[]): string {
  return labels.length === 0 ? "" : `{${labels.join(",")}}`;
}

/** OpenMetrics wants whole bounds as `1.0`. */
function boundText(bound: number, format: ExpositionFormat): string {
  return format === "openmetrics" && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function exemplarText(exemplar: Exemplar | null): string {
  if (exemplar === null) return "";
  const { traceId, spanId, value, timeUnixMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${(timeUnixMs / 1000).toFixed(3)}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string, isOpen: boolean): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
}
