import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useOnRows } from "./live.ts";

/** Often enough that a call is seen within a second of its end, seldom enough for a busy project. */
const lookAtMostEveryMs = 300;

/** How the rows of a list are told apart and ordered. */
export interface RowOrder<Row> {
  readonly idOf: (row: Row) => string;
  /** RFC 3339: newer times compare as greater. */
  readonly timeOf: (row: Row) => string;
}

/** Of calls and of traces, which are known by their entry spans. */
export const spanOrder: RowOrder<{ readonly span_id: string; readonly start_time: string }> = {
  idOf: ({ span_id }) => span_id,
  timeOf: ({ start_time }) => start_time,
};

export interface ListPage<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

/** How many of the newest rows are not in the list. Rows older than the list's last belong to its next page. */
export function countNewRows<Row>(newest: readonly Row[], rows: readonly Row[], order: RowOrder<Row>): number {
  const last = rows.at(-1);
  const oldest = last === undefined ? "" : order.timeOf(last);
  const known = new Set(rows.map(order.idOf));
  return newest.filter((row) => !known.has(order.idOf(row)) && order.timeOf(row) >= oldest).length;
}

export interface NewRows {
  readonly count: number;
  /** More than `count`: the newest page was full of new rows. */
  readonly isMore: boolean;
  show(): void;
}

/**
 * Watches for rows that are newer than the list, without touching it: what is being read never moves. `show` puts the
 * newest page in the list's place; with `isFollowing`, or while the list is empty, that happens by itself.
 */
export function useNewRows<Row>(input: {
  order: RowOrder<Row>;
  listKey: QueryKey;
  rows: readonly Row[];
  isReady: boolean;
  isFollowing: boolean;
  /** Seldomer than usual, where a page of rows is large. */
  atMostEveryMs?: number;
  fetchNewest: () => Promise<ListPage<Row>>;
}): NewRows {
  const { order, listKey, rows, isReady, isFollowing, fetchNewest, atMostEveryMs = lookAtMostEveryMs } = input;
  const client = useQueryClient();
  const [newest, setNewest] = useState<ListPage<Row>>();
  const key = JSON.stringify(listKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other new rows.
  useEffect(() => setNewest(undefined), [key]);
  const show = (page: ListPage<Row>) => {
    client.setQueryData(listKey, { pages: [page], pageParams: [null] });
    setNewest(undefined);
  };
  useOnRows(() => {
    if (!isReady || document.hidden) return;
    void fetchNewest()
      .then((page) => (isFollowing || rows.length === 0 ? show(page) : setNewest(page)))
      .catch(() => undefined); // The next tick asks again; the frame's live switch shows a lost connection.
  }, atMostEveryMs);
  const count = newest === undefined ? 0 : countNewRows(newest.data, rows, order);
  return {
    count,
    isMore: newest !== undefined && count > 0 && count === newest.data.length && newest.next_cursor !== null,
    show: () => newest && show(newest),
  };
}
