import type { CallDetail } from "@weir/api/contract";
import { generationTokensPerSecond, prefillTokensPerSecond, timePerOutputTokenNs } from "@weir/model/browser";
import type { ReactNode } from "react";
import {
  exactDuration,
  formatBytes,
  formatDuration,
  formatInteger,
  formatPercent,
  formatTokenRate,
} from "../../design/format.ts";
import { Swatch } from "../../design/time-chart.tsx";
import { Known } from "../../design/unknown.tsx";
import { RhythmView } from "./rhythm-view.tsx";
import { timingParts } from "./timing-parts.ts";
import { whyNoTtft } from "./why-unknown.ts";

/** Where the time went, as one bar. */
export function TimingBar({ call }: { call: CallDetail }) {
  const parts = timingParts(call);
  if (parts.length === 0) return null;
  const said = parts.map(({ name, duration_ns }) => `${name} ${formatDuration(duration_ns)}`).join(", ");
  return (
    <div>
      <div
        role="img"
        aria-label={`Where the time went: ${said}`}
        className="flex h-2 gap-px overflow-hidden rounded-full bg-sunken"
      >
        {parts.map(({ id, share, colour, name, duration_ns, meaning }) => (
          <div
            key={id}
            style={{ width: `${share * 100}%`, background: colour, minWidth: 2 }}
            data-hint={`${name}: ${formatDuration(duration_ns)} (${formatPercent(share)})\n${meaning}`}
          />
        ))}
      </div>
      <ul className="num mt-1.5 flex flex-wrap gap-x-4 text-xs text-muted">
        {parts.map(({ id, name, duration_ns, colour, meaning }) => (
          <li key={id} className="inline-flex items-center gap-1.5" data-hint={meaning}>
            <Swatch colour={colour} />
            {name} {formatDuration(duration_ns)}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Row {
  readonly name: string;
  readonly meaning: string;
  readonly value: number | null;
  readonly why: string;
  readonly format?: (value: number) => string;
  readonly exact?: (value: number) => string;
}

const time = { format: formatDuration, exact: exactDuration };

function rowsOf(call: CallDetail): Row[] {
  const noFirst = whyNoTtft(call);
  const noGaps = call.is_stream ? "There were too few content chunks to measure gaps." : "The answer was not streamed.";
  const notGateway =
    call.source === "gateway"
      ? "It was not measured for this call."
      : "Only calls through the gateway are measured so.";
  const rows: Row[] = [
    {
      name: "Duration",
      meaning: "From the arrival of the request to the last byte of the answer.",
      value: call.duration_ns,
      why: "",
      ...time,
    },
    {
      name: "Time to first token",
      meaning: "To the first delta with content, reasoning or a tool call; a role frame or a ping does not count.",
      value: call.ttft_ns,
      why: noFirst,
      ...time,
    },
    {
      name: "Time to first byte",
      meaning: "To the first byte of the answer's body.",
      value: call.ttfb_ns,
      why: notGateway,
      ...time,
    },
    {
      name: "Added by Weir",
      meaning: "The duration less the time spent waiting for the provider or the client.",
      value: call.gateway_ns,
      why: notGateway,
      ...time,
    },
    {
      name: "Prompt processing",
      meaning: "Uncached input tokens ÷ time to first token. What a cache held was not processed.",
      value: prefillTokensPerSecond(call),
      why: call.ttft_ns === null ? noFirst : "No tokens are known that were processed: the cache held them all.",
      format: formatTokenRate,
    },
    {
      name: "Generation",
      meaning: "Output tokens after the first ÷ the time after the first token.",
      value: generationTokensPerSecond(call),
      why: noFirst,
      format: formatTokenRate,
    },
    {
      name: "Time per output token",
      meaning: "(Duration − time to first token) ÷ (output tokens − 1).",
      value: timePerOutputTokenNs(call),
      why: noFirst,
      ...time,
    },
    {
      name: "Gap between chunks, p50",
      meaning: "Median gap between content chunks of the stream.",
      value: call.inter_token_p50_ns,
      why: noGaps,
      ...time,
    },
    {
      name: "Gap between chunks, p95",
      meaning: "95th percentile of the gaps.",
      value: call.inter_token_p95_ns,
      why: noGaps,
      ...time,
    },
    {
      name: "Longest stall",
      meaning: "The longest gap between content chunks.",
      value: call.inter_token_max_ns,
      why: noGaps,
      ...time,
    },
    {
      name: "Content chunks",
      meaning: "Chunks of the stream that held content.",
      value: call.chunk_count,
      why: noGaps,
      format: formatInteger,
    },
    {
      name: "Request body",
      meaning: "Bytes that the client sent.",
      value: call.source === "gateway" ? call.request_bytes : null,
      why: notGateway,
      format: formatBytes,
    },
    {
      name: "Response body",
      meaning: "Bytes that the provider answered.",
      value: call.source === "gateway" ? call.response_bytes : null,
      why: notGateway,
      format: formatBytes,
    },
  ];
  // Gaps are of streams; without one their rows would only repeat that.
  return call.is_stream ? rows : rows.filter(({ why }) => why !== noGaps);
}

/** Every figure of time, each with its definition. */
export function TimingView({ call }: { call: CallDetail }) {
  return (
    <>
      <RhythmView call={call} />
      <dl className="num">
        {rowsOf(call).map(({ name, meaning, value, why, format = String, exact }) => (
          <FactRow key={name} name={name} meaning={meaning}>
            <Known
              value={value}
              format={format}
              {...(exact === undefined ? {} : { exact: (ns: number) => exact(Math.round(ns)) })}
              why={why}
            />
          </FactRow>
        ))}
      </dl>
    </>
  );
}

export function FactRow({ name, meaning, children }: { name: ReactNode; meaning?: string; children: ReactNode }) {
  return (
    <div className="flex min-h-7 items-center justify-between gap-4 border-b border-line last:border-0">
      <dt className="text-muted">
        {meaning === undefined ? (
          name
        ) : (
          <span
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the definition must be reachable by keyboard.
            tabIndex={0}
            data-hint={meaning}
            className="cursor-help decoration-line-strong decoration-dotted underline-offset-4 hover:underline"
          >
            {name}
          </span>
        )}
      </dt>
      <dd className="min-w-0 text-right">{children}</dd>
    </div>
  );
}
