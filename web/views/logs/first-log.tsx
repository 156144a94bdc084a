import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { installQuery } from "../../data/queries.ts";
import { useScope, useSetRange } from "../../data/scope.ts";
import { Button, buttonClass } from "../../design/button.tsx";
import { CodeBlock } from "../../design/code-block.tsx";
import { EmptyState } from "../../design/states.tsx";
import { logEnvironmentSnippet, logSnippet } from "../connect/snippets.ts";

/** No records: what will be here, and what sends the first one. */
export function FirstLog() {
  const { project } = useScope();
  const install = useQuery(installQuery);
  const setRange = useSetRange();
  const key = install.data?.is_loopback === false || project !== "default" ? "weir_…" : undefined;
  return (
    <EmptyState title="No logs yet">
      <p className="text-muted">
        Log records that an OpenTelemetry SDK or Collector sends over OTLP appear here, each with the trace during which
        it was written.
      </p>
      <CodeBlock title="Environment of an OpenTelemetry SDK" code={logEnvironmentSnippet(location.origin, key)} />
      <CodeBlock title="One record by hand" code={logSnippet(location.origin, key)} />
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <Button onClick={() => setRange({ kind: "preset", preset: "90d" })}>Look at the last 90 days</Button>
        {key !== undefined && (
          <Link to="/settings/keys" className={buttonClass("quiet")}>
            Make a key
          </Link>
        )}
      </div>
    </EmptyState>
  );
}
