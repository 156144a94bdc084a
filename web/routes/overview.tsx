import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useOnRows } from "../data/live.ts";
import { summaryQuery, timeseriesQuery } from "../data/queries.ts";
import { useScope } from "../data/scope.ts";
import { ErrorPanel, Skeleton } from "../design/states.tsx";
import { FirstCall, NothingInRange } from "../views/connect/first-call.tsx";
import { CostChart, LatencyChart, VolumeChart } from "../views/overview/charts.tsx";
import { Figures } from "../views/overview/figures.tsx";
import { LatestErrors, ModelTable, TopUsers } from "../views/overview/tables.tsx";

/** In ten seconds: is it up, is it slow, what does it cost, who, what changed. */
export function OverviewPage() {
  const { project, range } = useScope();
  const client = useQueryClient();
  const summary = useQuery(summaryQuery({ project, range }));
  const series = useQuery(timeseriesQuery({ project, range }));
  useOnRows(() => {
    void client.invalidateQueries({ queryKey: ["metrics"] });
    void client.invalidateQueries({ queryKey: ["calls-errors"] });
  }, 4000);
  const isEmpty = summary.data?.total.calls === 0;
  const isNew = isEmpty && summary.data?.previous.calls === 0;
  return (
    <div className="h-full overflow-auto">
      <title>Overview · Weir</title>
      <h1 className="sr-only">Overview</h1>
      {summary.isError ? (
        <ErrorPanel error={summary.error} what="The figures could not be read." retry={() => void summary.refetch()} />
      ) : isNew ? (
        <FirstCall />
      ) : (
        <div className="mx-auto flex max-w-[1680px] flex-col gap-3 p-3 sm:p-4">
          <Figures summary={summary.data} series={series.data} />
          {isEmpty && <NothingInRange what="calls" />}
          {series.isError && (
            <ErrorPanel error={series.error} what="The charts could not be read." retry={() => void series.refetch()} />
          )}
          {series.data === undefined || summary.data === undefined ? (
            <ChartsSkeleton />
          ) : (
            <div className="grid grid-cols-1 gap-3 lg:grid-cols-2">
              <VolumeChart series={series.data} />
              <LatencyChart series={series.data} />
              <CostChart series={series.data} />
              <ModelTable summary={summary.data} />
              <LatestErrors />
              <TopUsers />
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function ChartsSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="grid grid-cols-1 gap-3 lg:grid-cols-2">
      {["volume", "latency", "cost", "models"].map((name) => (
        <div key={name} className="rounded-lg border border-line bg-panel p-4">
          <Skeleton className="mb-3 h-4 w-32" />
          <Skeleton className="h-[188px]" />
        </div>
      ))}
    </div>
  );
}
