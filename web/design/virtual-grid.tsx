import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type ReactNode, type RefObject, useEffect, useMemo, useRef } from "react";
import { classes } from "./classes.ts";
import { type Column, columnsFor, gridTemplate, twoLineWidth } from "./grid-columns.ts";
import { useWidth } from "./use-size.ts";

export interface VirtualGridProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly columns: readonly Column[];
  readonly cell: (row: Row, column: string) => ReactNode;
  /** A row of a narrow list. */
  readonly twoLines: (row: Row) => ReactNode;
  /** The row that the keyboard is on. */
  readonly cursor: string | undefined;
  /** A row was clicked, beside the links in it. */
  readonly onOpen: (row: Row) => void;
  readonly hasMore: boolean;
  readonly onMore: () => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/*
 * The rows are placed by hand, which a <table> cannot be; the grid has the focus and names its active row. So the roles
 * are given to plain elements.
 */

/** Thousands of rows, of which only those in view exist. Columns go as the room does. */
export function VirtualGrid<Row>(props: VirtualGridProps<Row>) {
  const { label, rows, idOf, columns, cell, twoLines, cursor, onOpen, hasMore, onMore, scroller } = props;
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder);
  const isTwoLine = width > 0 && width < twoLineWidth;
  const shown = useMemo(() => columnsFor(columns, width), [columns, width]);
  const template = isTwoLine ? "minmax(0,1fr)" : gridTemplate(shown);
  const rowHeight = isTwoLine ? 52 : 32;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 16,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : idOf(row);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows' height changes what is measured.
  useEffect(() => virtual.measure(), [rowHeight]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) onMore();
  }, [hasMore, last, rows.length, onMore]);

  const cursorIndex = rows.findIndex((row) => idOf(row) === cursor);
  useEffect(() => {
    if (cursorIndex >= 0) virtual.scrollToIndex(cursorIndex, { align: "auto" });
  }, [cursorIndex, virtual]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: see above.
    <div
      ref={holder}
      role="grid"
      aria-label={label}
      aria-rowcount={hasMore ? -1 : rows.length}
      aria-activedescendant={cursorIndex < 0 ? undefined : `row-${cursor}`}
      tabIndex={0}
      className="flex min-h-0 flex-1 flex-col focus-visible:outline-offset-[-2px]"
    >
      {!isTwoLine && <HeaderRow columns={shown} />}
      <div ref={scroller} className="min-h-0 flex-1 overflow-x-hidden overflow-y-scroll">
        <div className="relative" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start, size }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const isCursor = index === cursorIndex;
            return (
              // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: see above.
              <div
                key={key}
                id={`row-${idOf(row)}`}
                role="row"
                onClick={(event) => isBesideLinks(event) && onOpen(row)}
                aria-rowindex={index + 1}
                aria-selected={isCursor}
                className={classes(
                  "absolute inset-x-0 grid cursor-pointer items-center gap-x-3 border-b border-line px-3",
                  isCursor ? "bg-accent-soft" : "hover:bg-hover",
                )}
                style={{ top: start, height: size, gridTemplateColumns: template }}
              >
                {isTwoLine ? (
                  <Cell>{twoLines(row)}</Cell>
                ) : (
                  shown.map(({ id, isNumber }) => (
                    <Cell key={id} isNumber={isNumber}>
                      {cell(row, id)}
                    </Cell>
                  ))
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Links do what links do, and a drag that marks text opens nothing. */
function isBesideLinks({ target }: MouseEvent): boolean {
  const isOnControl = target instanceof Element && target.closest("a, button") !== null;
  return !isOnControl && getSelection()?.isCollapsed !== false;
}

function Cell({ isNumber = false, children }: { isNumber?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above.
    <div role="gridcell" className={classes("min-w-0 truncate", isNumber && "num text-right")}>
      {children}
    </div>
  );
}

function HeaderRow({ columns }: { columns: readonly Column[] }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above.
    <div
      role="row"
      className="grid h-8 shrink-0 items-center gap-x-3 overflow-y-scroll border-b border-line bg-sunken px-3 text-xs text-muted [scrollbar-color:transparent_transparent]"
      style={{ gridTemplateColumns: gridTemplate(columns) }}
    >
      {columns.map(({ id, name, hint, isNumber }) => (
        // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above.
        <div key={id} role="columnheader" data-hint={hint} className={classes("truncate", isNumber && "text-right")}>
          {name || <span className="sr-only">{id}</span>}
        </div>
      ))}
    </div>
  );
}
