import { useVirtualizer } from "@tanstack/react-virtual";
import type { TraceDetail, TraceSpan } from "@weir/api/contract";
import { billedKinds } from "@weir/model/browser";
import { ChevronRight, CircleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { classes } from "../../design/classes.ts";
import { exactUsd, formatCount, formatDuration, formatUsd } from "../../design/format.ts";
import { KindIcon } from "../../design/kind-icon.tsx";
import { statusOf } from "../../design/status.tsx";
import { useWidth } from "../../design/use-size.ts";
import { timingParts } from "../call/timing-parts.ts";
import { barOf, nanosBetween, type SpanNode } from "./span-tree.ts";

const rowHeight = 30;

interface WaterfallProps {
  readonly trace: TraceDetail;
  readonly nodes: readonly SpanNode[];
  readonly selected: string | undefined;
  readonly collapsed: ReadonlySet<string>;
  readonly onSelect: (spanId: string) => void;
  readonly onToggle: (spanId: string) => void;
}

/** Tree and waterfall in one: each row a span, its bar in the trace's time, with queue, first token and generation. */
export function Waterfall({ trace, nodes, selected, collapsed, onSelect, onToggle }: WaterfallProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const treeWidth = width < 560 ? Math.max(150, width * 0.5) : Math.min(420, Math.max(220, width * 0.4));
  const virtual = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const index = nodes.findIndex(({ span }) => span.span_id === selected);
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [index, virtual]);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <TimeScale durationNs={trace.duration_ns} treeWidth={treeWidth} isRoomy={width - treeWidth > 380} />
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden">
        <div
          role="tree"
          aria-label="Spans of the trace"
          aria-activedescendant={index < 0 ? undefined : `span-${selected}`}
          tabIndex={0}
          className="relative focus-visible:outline-offset-[-2px]"
          style={{ height: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map(({ index: at, start }) => {
            const node = nodes[at];
            if (node === undefined) return null;
            return (
              <SpanRow
                key={node.span.span_id}
                trace={trace}
                node={node}
                top={start}
                treeWidth={treeWidth}
                isSelected={node.span.span_id === selected}
                isCollapsed={collapsed.has(node.span.span_id)}
                onSelect={onSelect}
                onToggle={onToggle}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function TimeScale(props: { durationNs: number; treeWidth: number; isRoomy: boolean }) {
  const { durationNs, treeWidth, isRoomy } = props;
  return (
    <div
      className="num flex h-7 shrink-0 items-center border-y border-line bg-sunken text-2xs text-faint"
      aria-hidden="true"
    >
      <div className="shrink-0 px-3" style={{ width: treeWidth }}>
        Span
      </div>
      <div className="relative mr-4 h-full flex-1">
        {(isRoomy ? [0, 0.25, 0.5, 0.75, 1] : [0, 1]).map((share) => (
          <span
            key={share}
            className={classes(
              "absolute top-1.5 whitespace-nowrap",
              share === 1 ? "-translate-x-full" : share > 0 && "-translate-x-1/2",
            )}
            style={{ left: `${share * 100}%` }}
          >
            {share === 0 ? "0" : formatDuration(durationNs * share)}
          </span>
        ))}
      </div>
    </div>
  );
}

interface SpanRowProps extends Pick<WaterfallProps, "trace" | "onSelect" | "onToggle"> {
  readonly node: SpanNode;
  readonly top: number;
  readonly treeWidth: number;
  readonly isSelected: boolean;
  readonly isCollapsed: boolean;
}

function SpanRow({ trace, node, top, treeWidth, isSelected, isCollapsed, onSelect, onToggle }: SpanRowProps) {
  const { span, depth, childCount, descendantCount, isOrphan } = node;
  const isFailed = span.status !== "ok" && span.status !== "cancelled";
  const model = span.response_model || span.request_model;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the tree has the focus and its keys.
    <div
      id={`span-${span.span_id}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={childCount > 0 ? !isCollapsed : undefined}
      aria-label={`${span.name || model}, ${span.kind}, ${span.status}, ${formatDuration(span.duration_ns)}`}
      onClick={() => onSelect(span.span_id)}
      className={classes(
        "absolute inset-x-0 flex cursor-pointer items-center",
        isSelected ? "bg-accent-soft" : "hover:bg-hover",
      )}
      style={{ top, height: rowHeight }}
    >
      <div className="flex h-full shrink-0 items-center gap-1.5 pr-2 pl-2" style={{ width: treeWidth }}>
        <Guides depth={depth} />
        {childCount > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            aria-label={isCollapsed ? "Expand" : "Collapse"}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span.span_id);
            }}
            className="flex size-4 shrink-0 items-center justify-center rounded text-faint hover:bg-line hover:text-text"
          >
            <ChevronRight
              size={12}
              aria-hidden="true"
              className={classes("transition-transform duration-120", !isCollapsed && "rotate-90")}
            />
          </button>
        ) : (
          <span className="w-4 shrink-0" />
        )}
        <KindIcon kind={span.kind} />
        <span className={classes("min-w-0 truncate", isFailed && "text-bad")}>{span.name || model || span.kind}</span>
        {isFailed && <CircleAlert size={12} aria-hidden="true" className="shrink-0 text-bad" />}
        {isOrphan && (
          <span
            className="shrink-0 rounded border border-line px-1 text-2xs text-faint"
            data-hint="Its parent span was not received."
          >
            orphan
          </span>
        )}
        {isCollapsed && <span className="num shrink-0 text-2xs text-faint">+{descendantCount}</span>}
        {model !== "" && span.name !== model && !span.name.includes(model) && (
          <span className="min-w-0 shrink-[4] truncate text-xs text-faint">{model}</span>
        )}
      </div>
      <div className="relative mr-4 h-full flex-1">
        <Bar trace={trace} span={span} />
      </div>
    </div>
  );
}

function Guides({ depth }: { depth: number }) {
  if (depth === 0) return null;
  const shown = Math.min(depth, 12);
  return (
    <span aria-hidden="true" className="flex h-full shrink-0">
      {Array.from({ length: shown }, (_, level) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: levels are alike.
        <span key={level} className="ml-1.5 h-full w-2 border-l border-line" />
      ))}
    </span>
  );
}

function Bar({ trace, span }: { trace: TraceDetail; span: TraceSpan }) {
  const { left, width } = barOf(trace, span);
  const parts = timingParts(span);
  const isFailed = span.status !== "ok" && span.status !== "cancelled";
  const end = left + width;
  const label = [
    formatDuration(span.duration_ns),
    span.cost_nano_usd === null || span.cost_nano_usd === 0 ? "" : formatUsd(span.cost_nano_usd),
  ].filter(Boolean);
  return (
    <>
      <div
        data-hint={hintOf(trace, span)}
        className={classes(
          "absolute top-2 flex h-3.5 min-w-[3px] overflow-hidden rounded-[3px]",
          isFailed && "ring-1 ring-bad",
        )}
        style={{
          left: `${left * 100}%`,
          width: `${width * 100}%`,
          background: isFailed ? "var(--bad-soft)" : barColour(span),
        }}
      >
        {parts.map(({ id, share, colour }) => (
          <span
            key={id}
            className={classes("h-full", isFailed && "opacity-60")}
            style={{ width: `${share * 100}%`, background: colour }}
          />
        ))}
      </div>
      <span
        className="num pointer-events-none absolute top-1.5 px-1.5 text-2xs whitespace-nowrap text-muted"
        style={
          end < 0.8
            ? { left: `${end * 100}%` }
            : left > 0.2
              ? { right: `${(1 - left) * 100}%` }
              : { right: 0, color: "var(--text)" }
        }
      >
        {label.join(" · ")}
      </span>
    </>
  );
}

function barColour({ kind }: TraceSpan): string {
  if (billedKinds.has(kind)) return "var(--generation)";
  if (kind === "tool" || kind === "retriever") return "var(--series-1)";
  if (kind === "agent" || kind === "chain") return "var(--line-strong)";
  return "var(--queue)";
}

function hintOf(trace: TraceDetail, span: TraceSpan): string {
  const tokens =
    span.input_tokens === null
      ? undefined
      : `${formatCount(span.input_tokens)} tokens in, ${span.output_tokens === null ? "—" : formatCount(span.output_tokens)} out`;
  return [
    `${span.name || span.kind} · ${statusOf(span.status).word}`,
    `starts at ${formatDuration(Math.max(0, nanosBetween(trace.start_time, span.start_time)))}, takes ${formatDuration(span.duration_ns)}`,
    span.ttft_ns === null ? undefined : `TTFT ${formatDuration(span.ttft_ns)}`,
    tokens,
    span.cost_nano_usd === null ? undefined : exactUsd(span.cost_nano_usd),
  ]
    .filter(Boolean)
    .join("\n");
}
