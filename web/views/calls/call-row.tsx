import { Link } from "@tanstack/react-router";
import type { CallSummary } from "@weir/api/contract";
import { ChevronsRight } from "lucide-react";
import type { MouseEvent, ReactNode } from "react";
import { exactDuration, exactUsd, formatCount, formatDuration, formatInteger, formatUsd } from "../../design/format.ts";
import { seriesColour } from "../../design/series-colour.ts";
import { StatusMark, statusOf } from "../../design/status.tsx";
import { Swatch } from "../../design/time-chart.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { Known, Unknown } from "../../design/unknown.tsx";
import { whyNoCost, whyNoTokens, whyNoTtft } from "../call/why-unknown.ts";

export function modelOf(call: Pick<CallSummary, "response_model" | "request_model">): string {
  return call.response_model || call.request_model;
}

/** Opens the drawer on a plain click; with a modifier the link does what links do. */
export function onPlainClick(run: () => void) {
  return (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    run();
  };
}

interface CallRowProps {
  readonly call: CallSummary;
  readonly onOpen: () => void;
}

/** What stands in a column of the list. */
export function callCell(call: CallSummary, column: string, onOpen: () => void): ReactNode {
  return cells[column]?.(call, onOpen);
}

const cells: Readonly<Record<string, (call: CallSummary, onOpen: () => void) => ReactNode>> = {
  time: (call) => <TimeText time={call.start_time} className="text-muted" />,
  status: (call) => <StatusMark status={call.status} detail={call.error_message || call.error_type} isIconOnly />,
  model: (call) => <ModelName call={call} />,
  preview: (call, onOpen) => <Preview call={call} onOpen={onOpen} />,
  user: (call) => (
    <Known
      value={call.user_id}
      format={String}
      why="The call does not say for whom it was made."
      className="text-muted"
    />
  ),
  ttft: (call) => <Known value={call.ttft_ns} format={formatDuration} exact={exactDuration} why={whyNoTtft(call)} />,
  duration: (call) => <span data-hint={exactDuration(call.duration_ns)}>{formatDuration(call.duration_ns)}</span>,
  tokens: (call) => <Tokens call={call} />,
  cost: (call) => <Known value={call.cost_nano_usd} format={formatUsd} exact={exactUsd} why={whyNoCost(call)} />,
};

function ModelName({ call }: { call: CallSummary }) {
  const model = modelOf(call);
  if (model === "")
    return <span className="text-muted">{call.name || <Unknown why="The call names no model." />}</span>;
  return (
    <span className="flex items-center gap-2">
      <Swatch colour={seriesColour(model)} />
      <span className="truncate" data-hint={`${model}\n${call.provider}`}>
        {model}
      </span>
    </span>
  );
}

export function Preview({ call, onOpen }: CallRowProps) {
  const said = call.input_preview || call.name;
  return (
    <Link
      to="/calls/$id"
      params={{ id: call.span_id }}
      preload={false}
      tabIndex={-1}
      onClick={onPlainClick(onOpen)}
      className="flex min-w-0 items-center gap-1.5"
    >
      {call.kind !== "llm" && (
        <span className="shrink-0 rounded border border-line px-1 text-2xs text-faint">{call.kind}</span>
      )}
      {call.is_stream && <ChevronsRight size={12} className="shrink-0 text-faint" aria-label="streamed" />}
      <span className="truncate">{said || <span className="text-faint">no content kept</span>}</span>
      {call.output_preview !== "" && <span className="min-w-0 flex-1 truncate text-faint">{call.output_preview}</span>}
    </Link>
  );
}

function Tokens({ call }: { call: CallSummary }) {
  const { input_tokens: input, output_tokens: output, cache_read_tokens: cached } = call;
  if (input === null && output === null) return <Unknown why={whyNoTokens(call)} />;
  const known = (value: number | null) => (value === null ? "—" : formatCount(value));
  const exact = [
    `${input === null ? "—" : formatInteger(input)} in${cached ? `, ${formatInteger(cached)} of them cached` : ""}`,
    `${output === null ? "—" : formatInteger(output)} out${call.reasoning_tokens ? `, ${formatInteger(call.reasoning_tokens)} of them reasoning` : ""}`,
  ];
  return (
    <span data-hint={`${exact.join("\n")}${call.usage_source === "estimated" ? "\nestimated by Weir" : ""}`}>
      {call.usage_source === "estimated" && "≈ "}
      {known(input)} <span className="text-faint">→</span> {known(output)}
    </span>
  );
}

/** For narrow lists: what it was and how it went, in two lines. */
export function CallTwoLines({ call, onOpen }: CallRowProps) {
  const { icon: Icon, tone } = statusOf(call.status);
  return (
    <div className="flex min-w-0 flex-col justify-center">
      <div className="flex items-center gap-2">
        <Icon size={14} className={tone} aria-label={call.status} />
        <span className="min-w-0 flex-1 truncate font-medium">{modelOf(call) || call.name}</span>
        <span className="num text-xs text-muted">{formatDuration(call.duration_ns)}</span>
        <span className="num w-16 text-right text-xs text-muted">
          <Known value={call.cost_nano_usd} format={formatUsd} why={whyNoCost(call)} />
        </span>
      </div>
      <div className="flex items-center gap-2 text-xs text-muted">
        <div className="min-w-0 flex-1">
          <Preview call={{ ...call, output_preview: "" }} onOpen={onOpen} />
        </div>
        <TimeText time={call.start_time} className="text-faint" />
      </div>
    </div>
  );
}
