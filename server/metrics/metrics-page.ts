import type { EventDefinition } from "@weir/model";
import type { MetricSnapshot } from "./metric-store.ts";
import { otelNamesOf } from "./otlp-metrics.ts";

/** The tables of docs/metrics.md: every metric with its names, unit, labels and definition, from the code itself. */
export function metricTables(metrics: readonly MetricSnapshot[], events: readonly EventDefinition[]): string {
  const groups = Map.groupBy(metrics, groupOf);
  const lines: string[] = [];
  for (const group of groupTitles) {
    lines.push(
      `### ${group}`,
      "",
      ...(group === callsOfModels
        ? [`Each has the labels ${callLabels.map(code).join(", ")}, and those named here.`, ""]
        : []),
      "| Prometheus | OpenTelemetry | type | unit | labels | what |",
      "|---|---|---|---|---|---|",
    );
    lines.push(...(groups.get(group) ?? []).map(metricRow), "");
  }
  lines.push("### Events", "", "| Prometheus | labels | counts |", "|---|---|---|", ...eventRows(events));
  return `${lines.join("\n")}\n`;
}

const callsOfModels = "Calls of models";
const callLabels = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
  "project",
  "environment",
];
const groupTitles = [callsOfModels, "HTTP", "By key, under classic names", "Weir itself"] as const;

function groupOf({ name, labels }: MetricSnapshot): (typeof groupTitles)[number] {
  if (name.startsWith("http_server")) return "HTTP";
  if (labels.includes("api_key")) return "By key, under classic names";
  return labels.includes("gen_ai_operation_name") ? callsOfModels : "Weir itself";
}

function metricRow(metric: MetricSnapshot): string {
  const { name, unit, isUpDownCounter } = otelNamesOf(metric);
  const type = isUpDownCounter ? "up-down counter" : metric.type;
  const isCall = groupOf(metric) === callsOfModels;
  const labels = metric.labels
    .filter((label) => !isCall || !callLabels.includes(label))
    .map(code)
    .join(" ");
  return `| ${code(metric.name)} | ${code(name)} | ${type} | ${code(unit)} | ${labels} | ${metric.help} |`;
}

function eventRows(events: readonly EventDefinition[]): string[] {
  const byCounter = new Map<string, EventDefinition>();
  for (const event of events) if (event.counter !== undefined) byCounter.set(event.counter, event);
  return [...byCounter]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([counter, { labels = [], message }]) =>
        `| ${code(`weir_${counter}_total`)} | ${labels.map(code).join(" ")} | ${message} |`,
    );
}

function code(text: string): string {
  return `\`${text}\``;
}
