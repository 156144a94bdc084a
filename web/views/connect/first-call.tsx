import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { installQuery } from "../../data/queries.ts";
import { rangePresets } from "../../data/range.ts";
import { useScope, useSetRange } from "../../data/scope.ts";
import { Button, buttonClass } from "../../design/button.tsx";
import { EmptyState } from "../../design/states.tsx";
import { SnippetTabs } from "./snippet-tabs.tsx";

/** The empty project: what will be here, and the snippet that fills it. */
export function FirstCall() {
  const { project, projects, isLive } = useScope();
  const install = useQuery(installQuery);
  const setRange = useSetRange();
  const demo = projects.find(({ id }) => id === "demo");
  const needsKey = install.data?.is_loopback === false || project !== "default";
  return (
    <EmptyState title="No calls yet">
      <p className="text-muted">
        Send a call through Weir by changing one thing, the base URL. It appears here within a second of its end, with
        its latency, tokens, cost and conversation.
      </p>
      <SnippetTabs origin={location.origin} weirKey={needsKey ? "weir_…" : undefined} isVirtual={false} />
      {needsKey && (
        <p className="text-muted">
          Put a key of this project in the place of <code className="font-mono text-xs">weir_…</code>:{" "}
          <Link to="/settings/keys" className="text-accent underline">
            make one
          </Link>
          .
        </p>
      )}
      <div className="mt-2 flex flex-wrap items-center gap-2">
        {demo && project !== "demo" && (
          <Link to="/" search={{ project: "demo" }} className={buttonClass("primary")}>
            Look at the demo project
          </Link>
        )}
        <Button onClick={() => setRange({ kind: "preset", preset: "90d" })}>Look at the last 90 days</Button>
        <Link to="/settings/connect" className={buttonClass("quiet")}>
          More ways to connect
        </Link>
      </div>
      {isLive && (
        <p className="flex items-center gap-2 text-xs text-faint">
          <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-good" />
          Waiting for the first call
        </p>
      )}
    </EmptyState>
  );
}

/** The range holds nothing, though the project may. */
export function NothingInRange({ what, clear }: { what: string; clear?: () => void }) {
  const { range } = useScope();
  const setRange = useSetRange();
  const index = range.kind === "preset" ? rangePresets.indexOf(range.preset) : -1;
  const wider = rangePresets[Math.min(index + 2, rangePresets.length - 1)];
  return (
    <div className="appear-late flex flex-wrap items-center gap-3 rounded-lg border border-line bg-panel px-4 py-3 text-muted">
      <span className="flex-1">
        No {what} {clear === undefined ? "in this range." : "in this range match these filters."}
      </span>
      {clear && <Button onClick={clear}>Clear the filters</Button>}
      {wider !== undefined && index < rangePresets.length - 1 && (
        <Button onClick={() => setRange({ kind: "preset", preset: index < 0 ? "24h" : wider })}>
          {index < 0 ? "Look at the last 24 hours" : `Look at the last ${wider}`}
        </Button>
      )}
    </div>
  );
}
