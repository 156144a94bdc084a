import type { CallDetail } from "@weir/api/contract";
import { readConversation } from "@weir/model/browser";
import { type ReactNode, useMemo } from "react";
import { classes } from "../../design/classes.ts";
import { exactDuration, exactUsd, formatCount, formatDuration, formatInteger, formatUsd } from "../../design/format.ts";
import { seriesColour } from "../../design/series-colour.ts";
import { Skeleton } from "../../design/states.tsx";
import { StatusBadge } from "../../design/status.tsx";
import { type Tab, Tabs } from "../../design/tabs.tsx";
import { Swatch } from "../../design/time-chart.tsx";
import { TimeText } from "../../design/time-text.tsx";
import { Known } from "../../design/unknown.tsx";
import { ConversationView } from "./conversation-view.tsx";
import { CopyMenu } from "./copy-menu.tsx";
import { CostView } from "./cost-view.tsx";
import { RawView } from "./raw-view.tsx";
import { RequestView } from "./request-view.tsx";
import { TimingBar, TimingView } from "./timing-view.tsx";
import { UsageView } from "./usage-view.tsx";
import { whyNoCost, whyNoTokens, whyNoTtft } from "./why-unknown.ts";

export interface CallViewProps {
  readonly call: CallDetail;
  /** In a drawer everything is behind tabs; a page shows timing and cost beside the conversation. */
  readonly layout: "drawer" | "page";
  readonly tab: string | undefined;
  readonly onTab: (tab: string) => void;
}

/** One call, in full: facts, conversation, timing, cost, request and raw content. */
export function CallView({ call, layout, tab, onTab }: CallViewProps) {
  const conversation = useMemo(() => readConversation(call), [call]);
  const isPage = layout === "page";
  const tabs: Tab[] = [
    {
      id: "conversation",
      name: call.kind === "llm" ? "Conversation" : "Content",
      content: () => <ConversationView call={call} conversation={conversation} />,
    },
    ...(isPage
      ? []
      : [
          {
            id: "timing",
            name: "Timing",
            content: () => (
              <Padded>
                <TimingView call={call} />
              </Padded>
            ),
          },
        ]),
    ...(isPage
      ? []
      : [
          {
            id: "cost",
            name: "Cost",
            content: () => (
              <Padded>
                <CostView call={call} />
                <UsageView call={call} />
              </Padded>
            ),
          },
        ]),
    { id: "request", name: "Request", content: () => <RequestView call={call} conversation={conversation} /> },
    { id: "raw", name: "Raw", content: () => <RawView call={call} /> },
  ];
  return (
    <article
      className={classes(
        "flex flex-col",
        isPage && "xl:grid xl:min-h-[calc(100%-41px)] xl:grid-cols-[minmax(0,1fr)_400px]",
      )}
    >
      <div className="min-w-0">
        <CallHead call={call} />
        <Tabs
          label="Parts of the call"
          tabs={tabs}
          selected={tab ?? "conversation"}
          onSelect={onTab}
          actions={<CopyMenu call={call} conversation={conversation} />}
        />
      </div>
      {isPage && (
        <div className="flex flex-col gap-6 border-line p-4 max-xl:border-t xl:border-l">
          <Titled title="Timing">
            <TimingView call={call} />
          </Titled>
          <Titled title="Cost">
            <CostView call={call} />
          </Titled>
          <Titled title="Tokens">
            <UsageView call={call} />
          </Titled>
        </div>
      )}
    </article>
  );
}

function Padded({ children }: { children: ReactNode }) {
  return <div className="flex flex-col gap-6 p-4">{children}</div>;
}

function Titled({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2">
      <h2 className="font-medium">{title}</h2>
      {children}
    </section>
  );
}

function CallHead({ call }: { call: CallDetail }) {
  const model = call.response_model || call.request_model;
  return (
    <header className="flex flex-col gap-3 p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="flex min-w-0 items-center gap-2 text-lg font-semibold tracking-tight">
          {model !== "" && <Swatch colour={seriesColour(model)} className="size-2.5" />}
          <span className="truncate">{model || call.name || "Call"}</span>
        </h1>
        <StatusBadge
          status={call.status}
          {...(call.http_status === null ? {} : { detail: String(call.http_status) })}
        />
        <span className="text-xs text-muted">
          {[call.provider, call.operation || call.kind, call.service_name].filter(Boolean).join(" · ")}
        </span>
        <TimeText time={call.start_time} className="text-xs text-muted" />
      </div>
      {call.status !== "ok" && <Failure call={call} />}
      <dl className="num grid grid-cols-3 gap-x-4 gap-y-2 sm:flex sm:flex-wrap sm:gap-x-7">
        <Fact name="Duration">
          <span data-hint={exactDuration(call.duration_ns)}>{formatDuration(call.duration_ns)}</span>
        </Fact>
        <Fact name="TTFT">
          <Known value={call.ttft_ns} format={formatDuration} exact={exactDuration} why={whyNoTtft(call)} />
        </Fact>
        <Fact name="Input">
          <Known value={call.input_tokens} format={formatCount} exact={formatInteger} why={whyNoTokens(call)} />
        </Fact>
        <Fact name="Output">
          <Known
            value={call.output_tokens}
            format={formatCount}
            exact={formatInteger}
            why={call.kind === "embedding" ? "An embedding has no output tokens." : whyNoTokens(call)}
          />
        </Fact>
        <Fact name="Cost">
          <Known value={call.cost_nano_usd} format={formatUsd} exact={exactUsd} why={whyNoCost(call)} />
        </Fact>
        <Fact name="Finish">
          <Known value={call.finish_reason} format={String} why="The answer names no reason for its end." />
        </Fact>
      </dl>
      <TimingBar call={call} />
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-2xs text-faint">{name}</dt>
      <dd className="text-base font-medium">{children}</dd>
    </div>
  );
}

function Failure({ call }: { call: CallDetail }) {
  return (
    <div role="note" className="rounded-md border-l-2 border-bad bg-bad-soft px-3 py-2">
      <p className="font-medium">{call.error_type || call.status}</p>
      {call.error_message !== "" && (
        <p className="mt-0.5 break-words whitespace-pre-wrap text-muted">{call.error_message}</p>
      )}
    </div>
  );
}

export function CallSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-4 p-4">
      <Skeleton className="h-6 w-56" />
      <div className="flex gap-6">
        {["a", "b", "c", "d", "e"].map((name) => (
          <Skeleton key={name} className="h-9 w-16" />
        ))}
      </div>
      <Skeleton className="h-3" />
      <Skeleton className="h-9" />
      <Skeleton className="h-20" />
      <Skeleton className="h-40" />
    </div>
  );
}
