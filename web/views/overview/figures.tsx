import { Link } from "@tanstack/react-router";
import type { MetricsSummary, Timeseries } from "@weir/api/contract";
import type { ReactNode } from "react";
import type { CallFilters } from "../../data/page-search.ts";
import { classes } from "../../design/classes.ts";
import {
  type Delta,
  exactUsd,
  formatCount,
  formatDelta,
  formatDuration,
  formatInteger,
  formatPercent,
  formatUsd,
  plural,
} from "../../design/format.ts";
import { Sparkline } from "../../design/sparkline.tsx";
import { Skeleton } from "../../design/states.tsx";
import { Known } from "../../design/unknown.tsx";
import { seriesOf } from "./series-of.ts";

export const failedStatuses = ["error", "cut", "interrupted"];

const deltaTone = { good: "text-good", bad: "text-bad", neutral: "text-faint" } as const;

function Figure(props: {
  name: string;
  value: ReactNode;
  note: ReactNode;
  delta: Delta | undefined;
  previous: string;
  spark: readonly (number | null)[];
  colour?: string;
  search?: CallFilters;
}) {
  const { name, value, note, delta, previous, spark, colour, search } = props;
  return (
    <Link
      to="/calls"
      search={search ?? {}}
      className="flex min-w-0 flex-col rounded-lg border border-line bg-panel px-4 pt-3 pb-2 transition-colors hover:border-line-strong"
    >
      <span className="text-xs text-muted">{name}</span>
      <span className="mt-0.5 flex items-baseline gap-2">
        <span className="num text-2xl font-semibold tracking-tight">{value}</span>
        {delta !== undefined && (
          <span
            className={classes("num text-xs", deltaTone[delta.tone])}
            data-hint={`The equal period before: ${previous}`}
          >
            {delta.text}
          </span>
        )}
      </span>
      <span className="num mb-2 truncate text-xs text-faint">{note}</span>
      <Sparkline values={spark} {...(colour === undefined ? {} : { colour })} />
    </Link>
  );
}

const unmeasured = "Nothing was measured in this range.";

/** The four figures: is it up, is it slow, what does it cost. */
export function Figures({ summary, series }: { summary: MetricsSummary | undefined; series: Timeseries | undefined }) {
  if (summary === undefined) return <FiguresSkeleton />;
  const { total, previous } = summary;
  const p95 = total.duration_ns?.p95 ?? null;
  const before95 = previous.duration_ns?.p95 ?? null;
  return (
    <div className="grid grid-cols-2 gap-3 xl:grid-cols-4">
      <Figure
        name="Calls"
        value={<Known value={total.calls} format={formatCount} exact={formatInteger} why={unmeasured} />}
        note={
          total.input_tokens === null
            ? "tokens unknown"
            : `${formatCount(total.input_tokens)} tokens in, ${total.output_tokens === null ? "—" : formatCount(total.output_tokens)} out`
        }
        delta={formatDelta(total.calls, previous.calls, "neither")}
        previous={formatInteger(previous.calls)}
        spark={seriesOf(series, ({ calls }) => calls)}
      />
      <Figure
        name="Errors"
        value={<Known value={total.error_rate} format={formatPercent} why={unmeasured} />}
        note={`${plural(total.errors, "call")} failed`}
        delta={formatDelta(total.error_rate, previous.error_rate, "less")}
        previous={previous.error_rate === null ? "—" : formatPercent(previous.error_rate)}
        spark={seriesOf(series, ({ errors }) => errors)}
        colour="var(--bad)"
        search={{ status: failedStatuses }}
      />
      <Figure
        name="Latency, p95"
        value={<Known value={p95} format={formatDuration} why={unmeasured} />}
        note={total.ttft_ns === null ? "TTFT not measured" : `TTFT p95 ${formatDuration(total.ttft_ns.p95)}`}
        delta={formatDelta(p95, before95, "less")}
        previous={before95 === null ? "—" : formatDuration(before95)}
        spark={seriesOf(series, (bucket) => bucket.duration_ns?.p95 ?? null)}
      />
      <Figure
        name="Cost"
        value={
          <Known
            value={total.cost_nano_usd}
            format={formatUsd}
            exact={exactUsd}
            why="No call in this range has a known price."
          />
        }
        note={
          total.calls_without_cost > 0
            ? `${plural(total.calls_without_cost, "call")} without a known price`
            : "every call priced"
        }
        delta={formatDelta(total.cost_nano_usd, previous.cost_nano_usd, "less")}
        previous={previous.cost_nano_usd === null ? "—" : formatUsd(previous.cost_nano_usd)}
        spark={seriesOf(series, (bucket) => bucket.cost_nano_usd)}
      />
    </div>
  );
}

function FiguresSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="grid grid-cols-2 gap-3 xl:grid-cols-4">
      {["calls", "errors", "latency", "cost"].map((name) => (
        <div key={name} className="flex h-[128px] flex-col gap-2 rounded-lg border border-line bg-panel p-4">
          <Skeleton className="h-3 w-16" />
          <Skeleton className="h-7 w-24" />
          <Skeleton className="mt-auto h-6" />
        </div>
      ))}
    </div>
  );
}
