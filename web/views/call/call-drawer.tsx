import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CallSummary } from "@weir/api/contract";
import { ChevronDown, ChevronUp, Maximize2, X } from "lucide-react";
import { callQuery } from "../../data/queries.ts";
import { useScope } from "../../data/scope.ts";
import { Button, buttonClass } from "../../design/button.tsx";
import { Drawer } from "../../design/drawer.tsx";
import { ErrorPanel } from "../../design/states.tsx";
import { CallSkeleton, CallView } from "./call-view.tsx";
import { TraceLink } from "./trace-link.tsx";

/** A call beside its list: opens with what the list knows, the rest follows. */
export function CallDrawer(props: {
  spanId: string;
  summary: Pick<CallSummary, "trace_id" | "start_time"> | undefined;
  tab: string | undefined;
  onTab: (tab: string) => void;
  onClose: () => void;
  onStep?: (step: 1 | -1) => void;
  isInTrace?: boolean;
}) {
  const { spanId, summary, tab, onTab, onClose, onStep, isInTrace = false } = props;
  const { project } = useScope();
  const hint = summary === undefined ? {} : { trace_id: summary.trace_id, start_time: summary.start_time };
  const call = useQuery(callQuery(project, spanId, hint));
  return (
    <Drawer label={isInTrace ? "Span" : "Call"}>
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-b border-line px-2">
        <Button variant="quiet" size="icon" aria-label="Close" data-hint="Close  Esc" onClick={onClose}>
          <X size={16} aria-hidden="true" />
        </Button>
        {onStep && (
          <>
            <Button variant="quiet" size="icon" aria-label="Next" data-hint="Next  j" onClick={() => onStep(1)}>
              <ChevronDown size={16} aria-hidden="true" />
            </Button>
            <Button
              variant="quiet"
              size="icon"
              aria-label="Previous"
              data-hint="Previous  k"
              onClick={() => onStep(-1)}
            >
              <ChevronUp size={16} aria-hidden="true" />
            </Button>
          </>
        )}
        <span className="min-w-0 flex-1 truncate px-1 font-mono text-xs text-faint">{spanId}</span>
        {call.data && !isInTrace && <TraceLink call={call.data} />}
        <Link
          to="/calls/$id"
          params={{ id: spanId }}
          className={buttonClass("quiet", "icon")}
          aria-label="Open as a page"
          data-hint="Open as a page"
        >
          <Maximize2 size={14} aria-hidden="true" />
        </Link>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {call.isError && (
          <ErrorPanel error={call.error} what="This call could not be read." retry={() => void call.refetch()} />
        )}
        {call.data === undefined && !call.isError && <CallSkeleton />}
        {call.data && <CallView key={spanId} call={call.data} layout="drawer" tab={tab} onTab={onTab} />}
      </div>
    </Drawer>
  );
}
