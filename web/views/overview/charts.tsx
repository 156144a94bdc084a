import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Timeseries } from "@weir/api/contract";
import { useMemo, useState } from "react";
import type { CallFilters } from "../../data/page-search.ts";
import { heatmapQuery } from "../../data/queries.ts";
import { draggedRange, writeRange } from "../../data/range.ts";
import { useScope, useSetRange } from "../../data/scope.ts";
import { ChartCard } from "../../design/chart-card.tsx";
import { formatBucket } from "../../design/chart-table.ts";
import { classes } from "../../design/classes.ts";
import { formatCount, formatDuration, formatInteger, formatUsd } from "../../design/format.ts";
import { HeatMap } from "../../design/heat-map.tsx";
import { seriesColour } from "../../design/series-colour.ts";
import { ErrorPanel, Skeleton } from "../../design/states.tsx";
import { type ChartSeries, TimeChart } from "../../design/time-chart.tsx";
import { bucketRange, bucketTimes, costSeries, seriesOf } from "./series-of.ts";

/** Dragging sets the page's range; a click opens the calls of the bucket. */
export function useChartActions() {
  const setRange = useSetRange();
  const navigate = useNavigate();
  return {
    zoom: (from: number, to: number) => {
      const range = draggedRange(from, to);
      if (range !== undefined) setRange(range);
    },
    open: (startSeconds: number, bucketSeconds: number, filters: CallFilters = {}) =>
      void navigate({ to: "/calls", search: { ...filters, ...writeRange(bucketRange(startSeconds, bucketSeconds)) } }),
  };
}

function SeriesChart(props: {
  title: string;
  series: Timeseries;
  lines: readonly ChartSeries[];
  format: (value: number) => string;
  label: string;
  isStacked?: boolean;
}) {
  const { title, series, lines, format, label, isStacked = false } = props;
  const { zoom, open } = useChartActions();
  const times = useMemo(() => bucketTimes(series), [series]);
  const bucketSeconds = series.bucket_seconds;
  const table = () => ({
    columns: ["Time", ...lines.map(({ name }) => name)],
    rows: times.map((time, index) => [
      formatBucket(time, bucketSeconds),
      ...lines.map(({ values }) => {
        const value = values[index];
        return value === null || value === undefined ? "—" : format(value);
      }),
    ]),
  });
  return (
    <ChartCard title={title} legend={lines.slice(0, 9)} table={table}>
      <TimeChart
        times={times}
        bucketSeconds={bucketSeconds}
        series={lines}
        format={format}
        label={label}
        isStacked={isStacked}
        onZoom={zoom}
        onPick={(index) => open(times[index] ?? 0, bucketSeconds)}
      />
    </ChartCard>
  );
}

export function VolumeChart({ series }: { series: Timeseries }) {
  const lines = useMemo<ChartSeries[]>(
    () => [
      { name: "Calls", colour: "var(--accent)", shape: "bars", values: seriesOf(series, ({ calls }) => calls) },
      { name: "Errors", colour: "var(--bad)", shape: "bars", values: seriesOf(series, ({ errors }) => errors) },
    ],
    [series],
  );
  const calls = series.buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const errors = series.buckets.reduce((sum, bucket) => sum + bucket.errors, 0);
  return (
    <SeriesChart
      title="Volume and errors"
      series={series}
      lines={lines}
      format={formatCount}
      label={`Calls over time: ${formatInteger(calls)} calls, ${formatInteger(errors)} of them failed.`}
    />
  );
}

export function CostChart({ series }: { series: Timeseries }) {
  const lines = useMemo<ChartSeries[]>(
    () => costSeries(series).map(({ name, values }) => ({ name, values, colour: seriesColour(name), shape: "bars" })),
    [series],
  );
  const models = costSeries(series).map(({ name, total }) => `${name} ${formatUsd(total)}`);
  return (
    <SeriesChart
      title="Cost by model"
      series={series}
      lines={lines}
      format={formatUsd}
      isStacked
      label={`Cost over time by model: ${models.join(", ") || "none known"}.`}
    />
  );
}

const measures = { duration_ns: "Duration", ttft_ns: "TTFT" } as const;
type Measure = keyof typeof measures;

const quantileLines = [
  { name: "p50", read: "p50", colour: "var(--series-3)" },
  { name: "p95", read: "p95", colour: "var(--series-1)" },
  { name: "p99", read: "p99", colour: "var(--series-5)" },
] as const;

/** Percentiles or the whole distribution, of the duration or of the time to first token. */
export function LatencyChart({ series }: { series: Timeseries }) {
  const [measure, setMeasure] = useState<Measure>("duration_ns");
  const [view, setView] = useState<"lines" | "heat">("lines");
  const { zoom, open } = useChartActions();
  const times = useMemo(() => bucketTimes(series), [series]);
  const lines = useMemo<ChartSeries[]>(
    () =>
      quantileLines.map(({ name, read, colour }) => ({
        name: `${measures[measure]} ${name}`,
        colour,
        shape: "line",
        values: seriesOf(series, (bucket) => bucket[measure]?.[read] ?? null),
      })),
    [series, measure],
  );
  const bucketSeconds = series.bucket_seconds;
  return (
    <ChartCard
      title="Latency"
      legend={view === "lines" ? lines : []}
      actions={
        <>
          <Choice label="Measure" options={measures} value={measure} onChoose={setMeasure} />
          <Choice label="View" options={{ lines: "Percentiles", heat: "Heat map" }} value={view} onChoose={setView} />
        </>
      }
      table={() => ({
        columns: ["Time", ...lines.map(({ name }) => name)],
        rows: times.map((time, index) => [
          formatBucket(time, bucketSeconds),
          ...lines.map(({ values }) => (typeof values[index] === "number" ? formatDuration(values[index]) : "—")),
        ]),
      })}
    >
      {view === "lines" ? (
        <TimeChart
          times={times}
          bucketSeconds={bucketSeconds}
          series={lines}
          format={formatDuration}
          label={`${measures[measure]} percentiles over time.`}
          onZoom={zoom}
          onPick={(index) => open(times[index] ?? 0, bucketSeconds)}
        />
      ) : (
        <LatencyHeatMap measure={measure} />
      )}
    </ChartCard>
  );
}

function LatencyHeatMap({ measure }: { measure: Measure }) {
  const { project, range } = useScope();
  const heat = useQuery(heatmapQuery({ project, range }, measure));
  const { open } = useChartActions();
  const times = useMemo(() => heat.data?.times.map((time) => Date.parse(time) / 1000) ?? [], [heat.data]);
  if (heat.isError)
    return <ErrorPanel error={heat.error} what="The heat map could not be read." retry={() => void heat.refetch()} />;
  if (heat.data === undefined) return <Skeleton className="h-[188px]" />;
  const { bucket_seconds: bucketSeconds, bounds_ns: bounds, counts } = heat.data;
  return (
    <div className="h-[210px]">
      <HeatMap
        times={times}
        bucketSeconds={bucketSeconds}
        bounds={bounds}
        counts={counts}
        height={206}
        label={`How many calls took how long over time, by ${measures[measure]}.`}
        onPick={(index) => open(times[index] ?? 0, bucketSeconds)}
      />
    </div>
  );
}

export function Choice<Value extends string>(props: {
  label: string;
  options: Readonly<Record<Value, string>>;
  value: Value;
  onChoose: (value: Value) => void;
}) {
  const options = Object.entries(props.options) as [Value, string][];
  return (
    <fieldset aria-label={props.label} className="inline-flex rounded-md bg-sunken p-0.5 text-xs">
      {options.map(([value, name]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChoose(value)}
          className={classes(
            "h-5 rounded px-1.5 whitespace-nowrap",
            value === props.value ? "bg-raised text-text shadow-sm" : "text-muted hover:text-text",
          )}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
