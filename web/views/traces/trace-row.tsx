import { Link } from "@tanstack/react-router";
import type { TraceSummary } from "@weir/api/contract";
import type { ReactNode } from "react";
import {
  exactDuration,
  exactUsd,
  formatCount,
  formatDuration,
  formatInteger,
  formatUsd,
  plural,
} from "../../design/format.ts";
import { column } from "../../design/grid-columns.ts";
import { KindIcon } from "../../design/kind-icon.tsx";
import { seriesColour } from "../../design/series-colour.ts";
import { StatusMark, statusOf } from "../../design/status.tsx";
import { Swatch } from "../../design/time-chart.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { Known, Unknown } from "../../design/unknown.tsx";

export const traceColumns = [
  column("time", "Time", "76px", 0, false, "When the trace's entry span began."),
  column("status", "", "16px", 460, false, "The status of the entry span."),
  column("name", "Trace", "minmax(160px, 3fr)", 0, false, "The entry span, and what was asked."),
  column("models", "Models", "minmax(90px, 160px)", 900, false, "The models that were called."),
  column("user", "User", "minmax(70px, 110px)", 1040, false, "Who it was done for."),
  column("spans", "Spans", "76px", 620, true, "All spans of the trace, and how many of them failed."),
  column("duration", "Duration", "76px", 460, true, "Of the entry span."),
  column("tokens", "Tokens", "104px", 760, true, "Input → output, of all calls of models."),
  column("cost", "Cost", "84px", 520, true, "Of all calls of models whose price is known."),
] as const;

const noUsage = "No span of this trace reports usage.";

const cells: Readonly<Record<string, (trace: TraceSummary) => ReactNode>> = {
  time: (trace) => <TimeText time={trace.start_time} className="text-muted" />,
  status: (trace) => <StatusMark status={trace.status} detail={trace.error_type} isIconOnly />,
  name: (trace) => <TraceName trace={trace} />,
  models: (trace) => <Models models={trace.models} />,
  user: (trace) => (
    <Known
      value={trace.user_id}
      format={String}
      why="The trace does not say for whom it was made."
      className="text-muted"
    />
  ),
  spans: (trace) => (
    <span data-hint={`${plural(trace.span_count, "span")}, ${trace.error_count} failed`}>
      {trace.error_count > 0 && <span className="mr-1.5 text-bad">{trace.error_count}</span>}
      {formatInteger(trace.span_count)}
    </span>
  ),
  duration: (trace) => <span data-hint={exactDuration(trace.duration_ns)}>{formatDuration(trace.duration_ns)}</span>,
  tokens: (trace) =>
    trace.input_tokens === null && trace.output_tokens === null ? (
      <Unknown why={noUsage} />
    ) : (
      <span>
        {trace.input_tokens === null ? "—" : formatCount(trace.input_tokens)} <span className="text-faint">→</span>{" "}
        {trace.output_tokens === null ? "—" : formatCount(trace.output_tokens)}
      </span>
    ),
  cost: (trace) => <Cost trace={trace} />,
};

export function traceCell(trace: TraceSummary, columnId: string): ReactNode {
  return cells[columnId]?.(trace);
}

function Cost({ trace }: { trace: TraceSummary }) {
  const left = trace.calls_without_cost;
  const exact = (value: number) =>
    left > 0 ? `${exactUsd(value)}\nwithout ${plural(left, "call")} of unknown price` : exactUsd(value);
  return (
    <Known
      value={trace.cost_nano_usd}
      format={(value) => `${formatUsd(value)}${left > 0 ? " +" : ""}`}
      exact={exact}
      why={trace.models.length === 0 ? "No model was called." : "No call of this trace has a known price."}
    />
  );
}

function TraceName({ trace }: { trace: TraceSummary }) {
  return (
    <Link to="/traces/$id" params={{ id: trace.trace_id }} tabIndex={-1} className="flex min-w-0 items-center gap-2">
      <KindIcon kind={trace.kind} />
      <span className="max-w-[70%] shrink-0 truncate font-medium">{trace.name || trace.models[0] || trace.kind}</span>
      <span className="min-w-0 truncate text-faint">{trace.input_preview || trace.output_preview}</span>
    </Link>
  );
}

function Models({ models }: { models: readonly string[] }) {
  const known = models.filter(Boolean);
  if (known.length === 0) return <Unknown why="No model was called." />;
  return (
    <span className="flex items-center gap-1.5" data-hint={known.join("\n")}>
      {known.slice(0, 3).map((model) => (
        <Swatch key={model} colour={seriesColour(model)} />
      ))}
      <span className="truncate text-muted">
        {known[0]}
        {known.length > 1 && ` +${known.length - 1}`}
      </span>
    </span>
  );
}

export function TraceTwoLines({ trace }: { trace: TraceSummary }) {
  const { icon: Icon, tone } = statusOf(trace.status);
  return (
    <div className="flex min-w-0 flex-col justify-center">
      <div className="flex items-center gap-2">
        <Icon size={14} className={tone} aria-label={trace.status} />
        <div className="min-w-0 flex-1">
          <TraceName trace={{ ...trace, input_preview: "", output_preview: "" }} />
        </div>
        <span className="num text-xs text-muted">{formatDuration(trace.duration_ns)}</span>
        <span className="num w-16 text-right text-xs text-muted">
          <Cost trace={trace} />
        </span>
      </div>
      <div className="flex items-center gap-2 text-xs text-faint">
        <span className="min-w-0 flex-1 truncate">{trace.input_preview || plural(trace.span_count, "span")}</span>
        <TimeText time={trace.start_time} />
      </div>
    </div>
  );
}
