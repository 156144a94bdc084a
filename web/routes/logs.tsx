import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { LogFilters } from "../data/log-queries.ts";
import { useSetSearch } from "../data/scope.ts";
import { useListKeys } from "../design/use-list-keys.ts";
import { FollowButton } from "../views/calls/follow-button.tsx";
import { SearchBox } from "../views/calls/search-box.tsx";
import { NothingInRange } from "../views/connect/first-call.tsx";
import { FirstLog } from "../views/logs/first-log.tsx";
import { LogDrawer } from "../views/logs/log-drawer.tsx";
import { LogList } from "../views/logs/log-list.tsx";
import { logColumns } from "../views/logs/log-row.tsx";
import { SeveritySelect } from "../views/logs/severity-select.tsx";
import { useLogList } from "../views/logs/use-log-list.ts";

const route = getRouteApi("/frame/logs");
/** What the query language knows of a log record, besides its attributes. */
const logFields = new Map([
  ["text", "words of the message"],
  ["service_name", "who logged"],
  ["environment", "where it ran"],
  ["trace_id", "the trace's id"],
  ["span_id", "the span's id"],
  ["start_time", "when it was logged"],
]);

/** Log records, newest first, with the open one beside them. */
export function LogsPage() {
  const search = route.useSearch();
  const { filter, severity } = search;
  const setSearch = useSetSearch();
  const [isFollowing, setFollowing] = useState(false);
  const filters = useMemo(() => {
    const found: LogFilters = {};
    if (filter !== undefined) found.filter = filter;
    if (severity !== undefined) found.severity = severity;
    return found;
  }, [filter, severity]);
  const state = useLogList({ filters, opened: search, isWatching: true, isFollowing });
  useListKeys(state.keys);
  const hasFilters = filter !== undefined || severity !== undefined;
  const clear = () => setSearch({ filter: undefined, q: undefined, severity: undefined });
  return (
    <div className="flex h-full">
      <title>Logs · Weir</title>
      <h1 className="sr-only">Logs</h1>
      <div className="flex min-w-0 flex-1 flex-col bg-panel">
        <div className="flex items-center gap-2 border-b border-line px-3 py-2">
          <SeveritySelect value={severity} onChange={(next) => setSearch({ severity: next })} />
          <SearchBox
            filters={filters}
            onChange={(next) => setSearch({ filter: next.filter, q: undefined })}
            placeholder='service:shop  @http.route:/pay  "words in a message"'
            fields={logFields}
          />
          <FollowButton isFollowing={isFollowing} setFollowing={setFollowing} noun="records" />
        </div>
        <LogList
          state={state}
          columns={logColumns}
          empty={
            hasFilters ? (
              <div className="p-3">
                <NothingInRange what="log records" clear={clear} />
              </div>
            ) : (
              <FirstLog />
            )
          }
        />
      </div>
      {search.log !== undefined && <LogDrawer opened={search} state={state} />}
    </div>
  );
}
