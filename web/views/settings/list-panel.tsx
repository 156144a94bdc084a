import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorPanel, SkeletonRows } from "../../design/states.tsx";

/** A list of settings with its states: coming, failed, empty, there. */
export function ListPanel<Item>(props: {
  query: UseQueryResult<{ data: readonly Item[] }>;
  /** What could not be read: "The members". */
  what: string;
  empty: ReactNode;
  row: (item: Item) => ReactNode;
}) {
  const { query, what, empty, row } = props;
  if (query.isError) {
    return <ErrorPanel error={query.error} what={`${what} could not be read.`} retry={() => void query.refetch()} />;
  }
  if (query.data === undefined) {
    return <SkeletonRows count={4} className="rounded-lg border border-line bg-panel" />;
  }
  if (query.data.data.length === 0) {
    return <div className="rounded-lg border border-dashed border-line-strong p-6 text-muted">{empty}</div>;
  }
  return <ul className="rounded-lg border border-line bg-panel">{query.data.data.map(row)}</ul>;
}

/** A row of it: what it is, what is known of it, what can be done; and what went wrong. */
export function ListRow({ children, error }: { children: ReactNode; error?: Error | null | undefined }) {
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2 first:border-0">
      {children}
      <FormError error={error} />
    </li>
  );
}

export function FormError({ error }: { error: Error | null | undefined }) {
  if (error === null || error === undefined) return null;
  return (
    <p role="alert" className="w-full text-xs text-bad">
      {error.message}
    </p>
  );
}
