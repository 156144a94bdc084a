import { CodedError, type MetricType, type ProjectId } from "@weir/model";
import type { Filter } from "@weir/query";
import { Bindings } from "./bindings.ts";
import type { RawRow } from "./call-row.ts";
import { conditionOn } from "./compile-filter.ts";
import { metricColumnsOfFilter } from "./filter-columns.ts";
import { rfc3339 } from "./instant.ts";
import type { ReadOptions, SqlReader } from "./reader.ts";
import { happenedWithin, type TimeRange, widened } from "./time-range.ts";

/** A metric that has points in the range. One name with two types is two metrics. */
export interface MetricRow {
  name: string;
  type: MetricType;
  unit: string;
  description: string;
  /** delta, cumulative; empty for gauges. Of senders that differ, the last. */
  temporality: string;
  is_monotonic: boolean;
  service_names: string[];
  series_count: number;
  last_seen: string;
}

const hourNano = 3_600_000_000_000n;
const mostMetrics = 2000;
const mostValues = 100;
const mostSeries = 100;
const mostExemplars = 50;

interface MetricsQuestion {
  readonly range: TimeRange;
  readonly name?: string | undefined;
  /** Of the fields that metrics have; another one rejects with a FilterError. */
  readonly filter?: Filter | undefined;
}

/** The metrics of a range, widened to whole hours, by name; the 2,000 first. */
export async function listMetrics(
  reader: SqlReader,
  project: ProjectId,
  question: MetricsQuestion,
  options?: ReadOptions,
): Promise<MetricRow[]> {
  const bindings = new Bindings(project);
  const sql = `SELECT metric_name, type, argMax(rolled.unit, rolled.last_time) AS shown_unit,
  argMax(rolled.description, rolled.last_time) AS shown_description,
  argMax(rolled.temporality, rolled.last_time) AS shown_temporality,
  argMax(rolled.is_monotonic, rolled.last_time) AS shown_monotonic,
  arraySort(groupUniqArray(50)(toString(rolled.service_name))) AS services, uniqExact(series) AS series_count,
  toString(max(rolled.last_time)) AS seen
FROM metric_1h AS rolled
WHERE ${rollupConditions(bindings, question).join(" AND ")}
GROUP BY metric_name, type
ORDER BY metric_name, max(rolled.last_time) DESC
LIMIT ${bindings.bind("UInt32", mostMetrics)}`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return rows.map((row) => ({
    name: String(row["metric_name"]),
    type: String(row["type"]) as MetricType,
    unit: String(row["shown_unit"]),
    description: String(row["shown_description"]),
    temporality: String(row["shown_temporality"]),
    is_monotonic: Number(row["shown_monotonic"]) === 1,
    service_names: (row["services"] as string[]).filter((name) => name !== ""),
    series_count: Number(row["series_count"]),
    last_seen: rfc3339(String(row["seen"])),
  }));
}

function rollupConditions(bindings: Bindings, { range, name, filter }: MetricsQuestion): string[] {
  const { fromUnixNano, toUnixNano } = widened(range, hourNano);
  const conditions = [
    bindings.tenant,
    `hour >= ${bindings.second(fromUnixNano)}`,
    `hour < ${bindings.second(toUnixNano)}`,
  ];
  if (name !== undefined) conditions.push(`metric_name = ${bindings.bind("String", name)}`);
  if (filter !== undefined) conditions.push(conditionOn(bindings, filter, metricColumnsOfFilter, "metrics"));
  return conditions;
}

export interface MetricSeriesRow {
  service_name: string;
  environment: string;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  last_seen: string;
}

export interface ExemplarRow {
  time: string;
  /** Null when it was not given. */
  value: number | null;
  trace_id: string;
  span_id: string;
}

export interface MetricDetail extends MetricRow {
  /** Names that a query can filter on and group by, with values: at most 100 of each. */
  labels: { name: string; values: string[]; value_count: number }[];
  /** The 100 that were seen last. */
  series: MetricSeriesRow[];
  /** Measurements with a trace, the newest first. */
  exemplars: ExemplarRow[];
}

/** A metric with its labels and series; rejects with NOT_FOUND when it has no points in the range. */
export async function getMetric(
  reader: SqlReader,
  project: ProjectId,
  question: { readonly range: TimeRange; readonly name: string },
  options?: ReadOptions,
): Promise<MetricDetail> {
  const [metric, labels, series, exemplars] = await Promise.all([
    latestMetric(reader, project, question, options),
    labelRows(reader, project, question, options),
    seriesRows(reader, project, question, options),
    exemplarRows(reader, project, question, options),
  ]);
  return { ...metric, labels, series, exemplars };
}

/** The metric of a name; of several types the one seen last. Rejects with NOT_FOUND when there is none. */
export async function latestMetric(
  reader: SqlReader,
  project: ProjectId,
  question: { readonly range: TimeRange; readonly name: string },
  options?: ReadOptions,
): Promise<MetricRow> {
  const [metric] = await listMetrics(reader, project, question, options);
  if (metric !== undefined) return metric;
  throw new CodedError("NOT_FOUND", "This project has no metric of that name in the range.");
}

async function labelRows(
  reader: SqlReader,
  project: ProjectId,
  question: MetricsQuestion,
  options?: ReadOptions,
): Promise<MetricDetail["labels"]> {
  const bindings = new Bindings(project);
  const sql = `SELECT label.1 AS name, arraySort(groupUniqArray(${mostValues})(label.2)) AS values, uniq(label.2) AS value_count
FROM (
  SELECT arrayJoin(arrayConcat(
    [('service_name', toString(service_name)), ('environment', toString(environment))],
    arrayZip(mapKeys(attributes), mapValues(attributes)),
    arrayZip(arrayMap(name -> concat('resource.', name), mapKeys(resource)), mapValues(resource)))) AS label
  FROM metric_1h WHERE ${rollupConditions(bindings, question).join(" AND ")}
)
WHERE label.2 != ''
GROUP BY name
ORDER BY startsWith(name, 'resource.'), name
LIMIT 500`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return rows.map((row) => ({
    name: String(row["name"]),
    values: row["values"] as string[],
    value_count: Number(row["value_count"]),
  }));
}

async function seriesRows(
  reader: SqlReader,
  project: ProjectId,
  question: MetricsQuestion,
  options?: ReadOptions,
): Promise<MetricSeriesRow[]> {
  const bindings = new Bindings(project);
  const sql = `SELECT any(rolled.service_name) AS service, any(rolled.environment) AS environment_name,
  any(rolled.attributes) AS attribute_map, any(rolled.resource) AS resource_map, toString(max(rolled.last_time)) AS seen
FROM metric_1h AS rolled WHERE ${rollupConditions(bindings, question).join(" AND ")}
GROUP BY series
ORDER BY max(rolled.last_time) DESC, series
LIMIT ${bindings.bind("UInt32", mostSeries)}`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return rows.map((row) => ({
    service_name: String(row["service"]),
    environment: String(row["environment_name"]),
    attributes: row["attribute_map"] as Record<string, string>,
    resource: row["resource_map"] as Record<string, string>,
    last_seen: rfc3339(String(row["seen"])),
  }));
}

async function exemplarRows(
  reader: SqlReader,
  project: ProjectId,
  question: { readonly range: TimeRange; readonly name: string },
  options?: ReadOptions,
): Promise<ExemplarRow[]> {
  const bindings = new Bindings(project);
  const conditions = [
    bindings.tenant,
    happenedWithin(bindings, question.range),
    `metric_name = ${bindings.bind("String", question.name)}`,
  ];
  const sql = `SELECT toString(exemplar.1) AS time_text, exemplar.2 AS measured, lower(hex(exemplar.3)) AS trace_hex,
  lower(hex(exemplar.4)) AS span_hex
FROM (
  SELECT arrayJoin(arrayZip(exemplar_times, exemplar_values, exemplar_trace_ids, exemplar_span_ids)) AS exemplar
  FROM metric_points WHERE ${conditions.join(" AND ")} AND notEmpty(exemplar_times)
)
WHERE exemplar.3 != toFixedString('', 16)
ORDER BY exemplar.1 DESC
LIMIT ${bindings.bind("UInt32", mostExemplars)}`;
  const rows = await reader.query<RawRow>(sql, bindings.params, options);
  return rows.map((row) => ({
    time: rfc3339(String(row["time_text"])),
    value: row["measured"] === null ? null : Number(row["measured"]),
    trace_id: String(row["trace_hex"]),
    span_id: String(row["span_hex"]),
  }));
}
