import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../data/client.ts";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { CopyButton } from "./copy-button.tsx";

/** A grey bar in the place of what is coming; appears after 100 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={classes("skeleton", className)} />;
}

export function SkeletonRows({ count = 12, className }: { count?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={classes("flex flex-col", className)}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move.
        <div key={index} className="flex h-8 items-center gap-4 border-b border-line px-3">
          <Skeleton className="h-3 w-16" />
          <Skeleton className="h-3 w-14" />
          <Skeleton className="h-3 w-28" />
          <Skeleton className="h-3 flex-1" />
          <Skeleton className="h-3 w-12" />
          <Skeleton className="h-3 w-12" />
        </div>
      ))}
    </div>
  );
}

/** What failed, its code, and the button that helps. */
export function ErrorPanel(props: { error: unknown; what: string; retry?: () => void; children?: ReactNode }) {
  const { error, what, retry, children } = props;
  const known = error instanceof ApiError ? error : undefined;
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  return (
    <div role="alert" className="m-4 max-w-xl rounded-lg border border-line bg-panel p-4">
      <p className="font-medium">{what}</p>
      <p className="mt-1 text-muted">{message}</p>
      {known?.details.map(({ path, message: detail }) => (
        <p key={path} className="mt-1 text-xs text-muted">
          <code className="font-mono">{path}</code>: {detail}
        </p>
      ))}
      <div className="mt-3 flex flex-wrap items-center gap-3">
        {retry && (
          <Button onClick={retry}>
            <RotateCw size={14} aria-hidden="true" /> Try again
          </Button>
        )}
        {children}
        {known && (
          <span className="inline-flex items-center gap-1 font-mono text-xs text-faint">
            {known.code}
            {known.requestId && ` · request ${known.requestId}`}
            <CopyButton text={`${known.code} ${known.requestId ?? ""}`.trim()} label="Copy the code" />
          </span>
        )}
      </div>
    </div>
  );
}

/** An empty page: what will be here, and how to fill it. */
export function EmptyState(props: { title: string; children: ReactNode; className?: string }) {
  return (
    <div className={classes("appear-late mx-auto flex w-full max-w-2xl flex-col gap-3 px-4 py-12", props.className)}>
      <h2 className="text-lg font-semibold">{props.title}</h2>
      {props.children}
    </div>
  );
}
