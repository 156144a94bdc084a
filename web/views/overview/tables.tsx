import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { MetricsSummary } from "@weir/api/contract";
import { breakdownQuery, latestErrorsQuery } from "../../data/queries.ts";
import { useScope } from "../../data/scope.ts";
import { Card } from "../../design/chart-card.tsx";
import { classes } from "../../design/classes.ts";
import { exactUsd, formatCount, formatDuration, formatPercent, formatUsd } from "../../design/format.ts";
import { seriesColour } from "../../design/series-colour.ts";
import { ErrorPanel, SkeletonRows } from "../../design/states.tsx";
import { StatusMark } from "../../design/status.tsx";
import { Swatch } from "../../design/time-chart.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { Known } from "../../design/unknown.tsx";
import { failedStatuses } from "./figures.tsx";

const head = "px-2 py-1.5 text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4";
const cell = "px-2 py-1.5 text-right whitespace-nowrap first:pl-4 last:pr-4";

export function ModelTable({ summary }: { summary: MetricsSummary }) {
  const models = summary.by_model.slice(0, 8);
  const most = Math.max(1, ...models.map(({ cost_nano_usd: cost }) => cost ?? 0));
  return (
    <Card title="Models" actions={<span className="text-xs text-faint">by cost</span>}>
      <div className="overflow-x-auto pb-2">
        <table className="num w-full">
          <thead>
            <tr>
              <th className={classes(head, "text-left")}>Model</th>
              <th className={classes(head, "text-right")}>Calls</th>
              <th className={classes(head, "text-right")}>Errors</th>
              <th className={classes(head, "text-right max-sm:hidden")}>p95</th>
              <th className={classes(head, "text-right max-sm:hidden")}>TTFT p95</th>
              <th className={classes(head, "text-right")}>Cost</th>
            </tr>
          </thead>
          <tbody>
            {models.map((row) => (
              <tr key={`${row.provider}/${row.model}`} className="group border-t border-line hover:bg-hover">
                <td className={classes(cell, "w-full max-w-0 text-left")}>
                  <Link
                    to="/calls"
                    search={{ model: [row.model], ...(row.provider === "" ? {} : { provider: [row.provider] }) }}
                    className="flex items-center gap-2"
                  >
                    <Swatch colour={seriesColour(row.model)} />
                    <span className="truncate group-hover:underline" data-hint={`${row.model}\n${row.provider}`}>
                      {row.model || "unknown model"}
                    </span>
                  </Link>
                </td>
                <td className={cell}>{formatCount(row.calls)}</td>
                <td className={classes(cell, row.errors > 0 ? "text-bad" : "text-faint")}>
                  {row.error_rate === null ? "—" : formatPercent(row.error_rate)}
                </td>
                <td className={classes(cell, "max-sm:hidden")}>
                  <Known value={row.duration_ns?.p95} format={formatDuration} why="No duration was measured." />
                </td>
                <td className={classes(cell, "max-sm:hidden")}>
                  <Known value={row.ttft_ns?.p95} format={formatDuration} why="No call of this model was streamed." />
                </td>
                <td className={cell}>
                  <span
                    className="inline-block min-w-14 rounded-sm px-1"
                    style={{ background: barBackground((row.cost_nano_usd ?? 0) / most, seriesColour(row.model)) }}
                  >
                    <Known
                      value={row.cost_nano_usd}
                      format={formatUsd}
                      exact={exactUsd}
                      why="The price of this model is not in the table."
                    />
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function barBackground(share: number, colour: string): string {
  const tint = `color-mix(in oklch, ${colour} 26%, transparent)`;
  const percent = Math.round(share * 100);
  return `linear-gradient(to right, ${tint} ${percent}%, transparent ${percent}%)`;
}

/** What needs attention: the latest failures, and which kinds there are. */
export function LatestErrors() {
  const { project, range } = useScope();
  const errors = useQuery(latestErrorsQuery({ project, range }));
  return (
    <Card
      title="Needs attention"
      actions={
        <Link to="/calls" search={{ status: failedStatuses }} className="text-xs text-accent hover:underline">
          All failed calls
        </Link>
      }
    >
      {errors.isError && (
        <ErrorPanel
          error={errors.error}
          what="The failed calls could not be read."
          retry={() => void errors.refetch()}
        />
      )}
      {errors.data === undefined && !errors.isError && <SkeletonRows count={5} />}
      {errors.data?.data.length === 0 && <p className="px-4 pt-2 pb-6 text-muted">No call failed in this range.</p>}
      <ul className="pb-1">
        {errors.data?.data.map((call) => (
          <li key={call.span_id} className="border-t border-line first:border-0">
            <Link
              to="/calls"
              search={{ status: failedStatuses, call: call.span_id }}
              className="flex items-center gap-3 px-4 py-1.5 hover:bg-hover"
            >
              <span className="w-16 shrink-0 text-xs">
                <StatusMark status={call.status} />
              </span>
              <span className="min-w-0 flex-1">
                <span className="flex gap-2">
                  <span className="truncate font-medium">{call.error_type || (call.http_status ?? "failed")}</span>
                  <span className="truncate text-muted">{call.response_model || call.request_model}</span>
                </span>
                <span className="block truncate text-xs text-faint">
                  {call.error_message || "The provider gave no message."}
                </span>
              </span>
              <TimeText time={call.start_time} className="shrink-0 text-xs text-faint" />
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Who spends. */
export function TopUsers() {
  const { project, range } = useScope();
  const users = useQuery(breakdownQuery({ project, range }, "user_id", {}, 30));
  const known = (users.data?.data ?? []).filter(({ value }) => value !== "");
  const rows = known.toSorted((a, b) => (b.cost_nano_usd ?? 0) - (a.cost_nano_usd ?? 0)).slice(0, 13);
  return (
    <Card title="Users" actions={<span className="text-xs text-faint">by cost</span>}>
      {users.isError && (
        <ErrorPanel error={users.error} what="The users could not be read." retry={() => void users.refetch()} />
      )}
      {users.data === undefined && !users.isError && <SkeletonRows count={5} />}
      {users.data !== undefined && rows.length === 0 && (
        <p className="px-4 pt-2 pb-6 text-muted">
          No call says for whom it was made. Send the header <code className="font-mono text-xs">x-weir-user</code>, or
          the <code className="font-mono text-xs">user</code> field of the request.
        </p>
      )}
      <ul className="num pb-1">
        {rows.map((row) => (
          <li key={row.value} className="border-t border-line first:border-0">
            <Link
              to="/calls"
              search={{ user_id: [row.value] }}
              className="flex items-center gap-3 px-4 py-1 hover:bg-hover"
            >
              <span className="min-w-0 flex-1 truncate">{row.value}</span>
              <span className="text-xs text-faint">{formatCount(row.calls)} calls</span>
              <span className="w-16 text-right">
                <Known
                  value={row.cost_nano_usd}
                  format={formatUsd}
                  exact={exactUsd}
                  why="None of the user's calls has a known price."
                />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
