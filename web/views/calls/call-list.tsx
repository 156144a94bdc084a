import { useVirtualizer } from "@tanstack/react-virtual";
import type { CallSummary } from "@weir/api/contract";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import { classes } from "../../design/classes.ts";
import { useWidth } from "../../design/use-size.ts";
import { CallCells, CallTwoLines } from "./call-row.tsx";
import { columnsFor, gridTemplate, twoLineWidth } from "./columns.ts";

export interface CallListProps {
  readonly calls: readonly CallSummary[];
  /** The call that the keyboard is on. */
  readonly cursor: string | undefined;
  readonly hasMore: boolean;
  readonly onMore: () => void;
  readonly onOpen: (call: CallSummary) => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/** Thousands of calls, of which only those in view exist. */
export function CallList({ calls, cursor, hasMore, onMore, onOpen, scroller }: CallListProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder);
  const isTwoLine = width > 0 && width < twoLineWidth;
  const shown = useMemo(() => columnsFor(width), [width]);
  const rowHeight = isTwoLine ? 52 : 32;
  const virtual = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 16,
    getItemKey: (index) => calls[index]?.span_id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows' height changes what is measured.
  useEffect(() => virtual.measure(), [rowHeight]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= calls.length - 30) onMore();
  }, [hasMore, last, calls.length, onMore]);

  const cursorIndex = calls.findIndex(({ span_id }) => span_id === cursor);
  useEffect(() => {
    if (cursorIndex >= 0) virtual.scrollToIndex(cursorIndex, { align: "auto" });
  }, [cursorIndex, virtual]);

  return (
    <div
      ref={holder}
      role="grid"
      aria-label="Calls"
      aria-rowcount={hasMore ? -1 : calls.length}
      aria-activedescendant={cursor === undefined ? undefined : `call-${cursor}`}
      tabIndex={0}
      className="flex min-h-0 flex-1 flex-col focus-visible:outline-offset-[-2px]"
    >
      {!isTwoLine && <HeaderRow columns={shown} />}
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden">
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start, size }) => {
            const call = calls[index];
            if (call === undefined) return null;
            const isCursor = index === cursorIndex;
            return (
              // biome-ignore lint/a11y/useSemanticElements: as in CallCells.
              // biome-ignore lint/a11y/useFocusableInteractive: as in CallCells.
              <div
                key={key}
                id={`call-${call.span_id}`}
                role="row"
                aria-rowindex={index + 1}
                aria-selected={isCursor}
                className={classes(
                  "absolute inset-x-0 grid items-center gap-x-3 border-b border-line px-3",
                  isCursor ? "bg-accent-soft" : "hover:bg-hover",
                )}
                style={{ top: start, height: size, gridTemplateColumns: isTwoLine ? "1fr" : gridTemplate(shown) }}
              >
                {isTwoLine ? (
                  <CallTwoLines call={call} onOpen={() => onOpen(call)} />
                ) : (
                  <CallCells call={call} columns={shown} onOpen={() => onOpen(call)} />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function HeaderRow({ columns }: { columns: ReturnType<typeof columnsFor> }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as in CallCells.
    // biome-ignore lint/a11y/useFocusableInteractive: as in CallCells.
    <div
      role="row"
      className="grid h-8 shrink-0 items-center gap-x-3 border-b border-line bg-sunken px-3 pr-[calc(12px+var(--scrollbar,0px))] text-xs text-muted"
      style={{ gridTemplateColumns: gridTemplate(columns) }}
    >
      {columns.map(({ id, name, hint, isNumber }) => (
        // biome-ignore lint/a11y/useSemanticElements: as in CallCells.
        // biome-ignore lint/a11y/useFocusableInteractive: as in CallCells.
        <div key={id} role="columnheader" data-hint={hint} className={classes("truncate", isNumber && "text-right")}>
          {name}
        </div>
      ))}
    </div>
  );
}
