import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { ApiError } from "../data/client.ts";
import { callQuery } from "../data/queries.ts";
import { useScope, useSetSearch } from "../data/scope.ts";
import { buttonClass } from "../design/button.tsx";
import { ErrorPanel } from "../design/states.tsx";
import { CallSkeleton, CallView } from "../views/call/call-view.tsx";
import { TraceLink } from "../views/call/trace-link.tsx";

const route = getRouteApi("/frame/calls/$id");

/** One call on a page of its own. */
export function CallPage() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const { project } = useScope();
  const setSearch = useSetSearch();
  const call = useQuery(callQuery(project, id));
  const isMissing = call.error instanceof ApiError && call.error.code === "NOT_FOUND";
  return (
    <div className="h-full overflow-auto bg-panel">
      <title>{`Call ${id} · Weir`}</title>
      <div className="flex h-10 items-center gap-2 border-b border-line px-2">
        <Link to="/calls" className={buttonClass("quiet", "small")}>
          <ChevronLeft size={14} aria-hidden="true" /> Calls
        </Link>
        <span className="min-w-0 flex-1 truncate font-mono text-xs text-faint">{id}</span>
        {call.data && <TraceLink call={call.data} />}
      </div>
      {call.isError && (
        <ErrorPanel
          error={call.error}
          what={isMissing ? "There is no such call in this project." : "This call could not be read."}
          {...(isMissing ? {} : { retry: () => void call.refetch() })}
        >
          {isMissing && (
            <Link to="/calls" search={{}} className={buttonClass("plain")}>
              To the calls
            </Link>
          )}
        </ErrorPanel>
      )}
      {call.data === undefined && !call.isError && <CallSkeleton />}
      {call.data && (
        <CallView
          call={call.data}
          layout="page"
          tab={tab}
          onTab={(next) => setSearch({ tab: next }, { replace: true })}
        />
      )}
    </div>
  );
}
