import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useOnRows } from "./live.ts";

/** Often enough that a call is seen within a second of its end, seldom enough for a busy project. */
const lookAtMostEveryMs = 300;

/** What lists of calls and of traces have in common. */
export interface ListRow {
  readonly span_id: string;
  readonly start_time: string;
}
export interface ListPage<Row extends ListRow> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

/** How many of the newest rows are not in the list. Rows older than the list's last belong to its next page. */
export function countNewRows(newest: readonly ListRow[], rows: readonly ListRow[]): number {
  const oldest = rows.at(-1)?.start_time ?? "";
  const known = new Set(rows.map(({ span_id }) => span_id));
  return newest.filter(({ span_id, start_time }) => !known.has(span_id) && start_time >= oldest).length;
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
export function useNewRows<Row extends ListRow>(input: {
  listKey: QueryKey;
  rows: readonly Row[];
  isReady: boolean;
  isFollowing: boolean;
  fetchNewest: () => Promise<ListPage<Row>>;
}): NewRows {
  const { listKey, rows, isReady, isFollowing, fetchNewest } = input;
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
  }, lookAtMostEveryMs);
  const count = newest === undefined ? 0 : countNewRows(newest.data, rows);
  return {
    count,
    isMore: newest !== undefined && count > 0 && count === newest.data.length && newest.next_cursor !== null,
    show: () => newest && show(newest),
  };
}
