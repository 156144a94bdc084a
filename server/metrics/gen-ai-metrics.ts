import {
  prefillTokensPerSecond,
  readStreamRhythm,
  type SpanRow,
  streamGapsAttribute,
  timePerOutputTokenNs,
} from "@weir/model";
import { durationBounds, firstTokenBounds, perTokenBounds, tokenBounds, tokenRateBounds } from "./buckets.ts";
import type { Counter, Histogram, HistogramSeries, MetricStore } from "./metric-store.ts";
import { otelDefinition } from "./otel-names.ts";

/** Which generation of the `gen_ai.*` metrics is counted: that of the conventions' last release, or the newest. */
export type GenAiConventions = "v1.41" | "latest" | "both";

/** What tells the series of a model's calls apart, by the conventions; project and environment are Weir's own. */
export const callAttributes = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
  ["weir.project.id", "project"],
  ["deployment.environment.name", "environment"],
] as const;

/** Counts one ended call. `nowUnixMs` is for its exemplars. */
export type CountCall = (row: SpanRow, nowUnixMs: number) => void;

/** Finds the series of one label set: the values of `callAttributes`, and the error's type. */
export type SeriesOf = (labels: readonly string[], errorType: string, isInference: boolean) => CountCall;

/** Declares the metrics of these conventions, and Weir's own of model calls. */
export function declareGenAiMetrics(store: MetricStore, conventions: GenAiConventions): SeriesOf {
  const parts = [serverMetrics(store), ownMetrics(store)];
  if (conventions !== "latest") parts.push(clientMetrics(store));
  if (conventions !== "v1.41") parts.push(inferenceMetrics(store, conventions === "latest"));
  return (labels, errorType, isInference) => {
    const counts = parts.map((part) => part(labels, errorType, isInference));
    return (row, nowUnixMs) => {
      for (const count of counts) count(row, nowUnixMs);
    };
  };
}

const withError = [...callAttributes, "error.type"] as const;

function histogram(
  store: MetricStore,
  name: string,
  unit: string,
  help: string,
  bounds: readonly number[],
  attributes: readonly (string | readonly [string, string])[] = callAttributes,
): Histogram {
  return store.histogram(otelDefinition("histogram", { name, unit, help, attributes }), bounds);
}

function counter(
  store: MetricStore,
  name: string,
  unit: string,
  help: string,
  attributes: readonly (string | readonly [string, string])[] = callAttributes,
): Counter {
  return store.counter(otelDefinition("counter", { name, unit, help, attributes }));
}

/** `gen_ai.client.*` of semantic conventions 1.41. */
function clientMetrics(store: MetricStore): SeriesOf {
  const duration = histogram(
    store,
    "gen_ai.client.operation.duration",
    "s",
    "From the request to the last byte of the answer.",
    durationBounds,
    withError,
  );
  const tokens = histogram(
    store,
    "gen_ai.client.token.usage",
    "{token}",
    "Tokens of a call by type; input includes cached tokens, output includes reasoning.",
    tokenBounds,
    [...callAttributes, "gen_ai.token.type"],
  );
  const stream = streamTimes(store, "gen_ai.client.operation");
  return (labels, errorType) => {
    const durations = duration.series(...labels, errorType);
    const input = tokens.series(...labels, "input");
    const output = tokens.series(...labels, "output");
    const countStream = stream(labels);
    return (row, nowUnixMs) => {
      durations.observe(row.duration_ns / 1e9, row, nowUnixMs);
      if (row.input_tokens !== null) input.observe(row.input_tokens, row, nowUnixMs);
      if (row.output_tokens !== null) output.observe(row.output_tokens, row, nowUnixMs);
      countStream(row, nowUnixMs);
    };
  };
}

/** `gen_ai.client.inference.*`: the names that follow them. Embeddings and reranking keep `operation.duration`. */
function inferenceMetrics(store: MetricStore, declaresOperation: boolean): SeriesOf {
  const text = "From the request to the last byte of the answer";
  const duration = histogram(store, "gen_ai.client.inference.duration", "s", `${text}.`, durationBounds, withError);
  const operation = declaresOperation
    ? histogram(
        store,
        "gen_ai.client.operation.duration",
        "s",
        `${text}, of operations that are no inference.`,
        durationBounds,
        withError,
      )
    : undefined;
  const stream = streamTimes(store, "gen_ai.client.inference");
  const perCall = (side: "input" | "output") =>
    histogram(
      store,
      `gen_ai.client.inference.operation.${side}_tokens`,
      "{token}",
      `${side === "input" ? "Input" : "Output"} tokens of a call.`,
      tokenBounds,
      withError,
    );
  const [inputPerCall, outputPerCall] = [perCall("input"), perCall("output")];
  const usages = inferenceUsages.map(({ name, help, read }) => ({
    family: counter(store, `gen_ai.client.inference.usage.${name}`, "{token}", help, [
      ...callAttributes,
      "gen_ai.token.modality",
    ]),
    read,
  }));
  return (labels, errorType, isInference) => {
    const durations = (isInference ? duration : operation)?.series(...labels, errorType);
    if (!isInference) return (row, nowUnixMs) => durations?.observe(row.duration_ns / 1e9, row, nowUnixMs);
    const input = inputPerCall.series(...labels, errorType);
    const output = outputPerCall.series(...labels, errorType);
    const countStream = stream(labels);
    return (row, nowUnixMs) => {
      durations?.observe(row.duration_ns / 1e9, row, nowUnixMs);
      if (row.input_tokens !== null) input.observe(row.input_tokens, row, nowUnixMs);
      if (row.output_tokens !== null) output.observe(row.output_tokens, row, nowUnixMs);
      countStream(row, nowUnixMs);
      for (const { family, read } of usages) {
        for (const [modality, count] of read(row)) family.series(...labels, modality).add(count, row, nowUnixMs);
      }
    };
  };
}

type ByModality = readonly (readonly [modality: string, tokens: number])[];

/** Where the audio's share is known, the rest is text; otherwise nobody told. */
function byModality(all: number | null, audio: number | null): ByModality {
  if (all === null) return [];
  if (audio === null) return [["unknown", all]];
  return [
    ["text", Math.max(0, all - audio)],
    ["audio", audio],
  ];
}

const inferenceUsages: readonly { name: string; help: string; read: (row: SpanRow) => ByModality }[] = [
  {
    name: "input_tokens",
    help: "Input tokens, cached ones included.",
    read: (row) => byModality(row.input_tokens, row.input_audio_tokens),
  },
  {
    name: "output_tokens",
    help: "Output tokens, reasoning included.",
    read: (row) => byModality(row.output_tokens, row.output_audio_tokens),
  },
  {
    name: "cache_read.input_tokens",
    help: "Input tokens read from the provider's cache.",
    read: (row) => byModality(row.cache_read_tokens, null),
  },
  {
    name: "cache_write.input_tokens",
    help: "Input tokens written to the provider's cache.",
    read: (row) => byModality(row.cache_write_tokens, null),
  },
  {
    name: "reasoning.output_tokens",
    help: "Output tokens spent on reasoning.",
    read: (row) => byModality(row.reasoning_tokens, null),
  },
];

/** Time to the first chunk of a stream, and between its chunks. */
function streamTimes(store: MetricStore, prefix: string): (labels: readonly string[]) => CountCall {
  const firstChunk = histogram(
    store,
    `${prefix}.time_to_first_chunk`,
    "s",
    "Streams: from the request to the first delta with content, reasoning or a tool call (TTFT).",
    durationBounds,
  );
  const perChunk = histogram(
    store,
    `${prefix}.time_per_output_chunk`,
    "s",
    "Streams: between one content chunk and the next.",
    durationBounds,
  );
  return (labels) => {
    const firstChunks = firstChunk.series(...labels);
    const perChunks = perChunk.series(...labels);
    return (row, nowUnixMs) => {
      if (row.is_stream !== 1 || row.ttft_ns === null) return;
      firstChunks.observe(row.ttft_ns / 1e9, row, nowUnixMs);
      observeGaps(perChunks, row);
    };
  };
}

function observeGaps(perChunks: HistogramSeries, row: SpanRow): void {
  const rhythm = readStreamRhythm(row.attributes[streamGapsAttribute]);
  if (rhythm === undefined || row.chunk_count === null) return;
  let rest = row.chunk_count - 1;
  for (const gapMs of rhythm.gapsMs) {
    // A long stream's gaps are kept in groups; within one they count as equal.
    const count = Math.min(rhythm.chunksPerGap, rest);
    if (count <= 0) return;
    perChunks.observe(gapMs / 1000 / count, undefined, 0, count);
    rest -= count;
  }
}

/** `gen_ai.server.*`: of the service as its callers see it, Weir included. */
function serverMetrics(store: MetricStore): SeriesOf {
  const duration = histogram(
    store,
    "gen_ai.server.request.duration",
    "s",
    "From the request to the last byte of the answer.",
    durationBounds,
    withError,
  );
  const first = histogram(
    store,
    "gen_ai.server.time_to_first_token",
    "s",
    "Streams: time to first token (TTFT), of calls that did not fail.",
    firstTokenBounds,
  );
  const each = histogram(
    store,
    "gen_ai.server.time_per_output_token",
    "s",
    "Streams: time of each output token after the first, of calls that did not fail.",
    perTokenBounds,
  );
  return (labels, errorType) => {
    const durations = duration.series(...labels, errorType);
    const firsts = first.series(...labels);
    const eachs = each.series(...labels);
    return (row, nowUnixMs) => {
      durations.observe(row.duration_ns / 1e9, row, nowUnixMs);
      if (row.is_stream !== 1 || row.ttft_ns === null || errorType !== "") return;
      firsts.observe(row.ttft_ns / 1e9, row, nowUnixMs);
      const perTokenNs = timePerOutputTokenNs(row);
      if (perTokenNs !== null) eachs.observe(perTokenNs / 1e9, row, nowUnixMs);
    };
  };
}

/** What no convention has: cost, cached tokens, and how evenly a stream runs. */
function ownMetrics(store: MetricStore): SeriesOf {
  const total = (name: string, unit: string, help: string) => counter(store, name, unit, help);
  const cost = total("weir.cost_usd", "{USD}", "Cost of calls whose price is known.");
  const unpriced = total("weir.calls_without_cost", "{call}", "Calls whose usage or price is unknown.");
  const cacheRead = total("weir.cache_read_tokens", "{token}", "Input tokens read from the provider's cache.");
  const cacheWrite = total("weir.cache_write_tokens", "{token}", "Input tokens written to the provider's cache.");
  const reasoning = total("weir.reasoning_tokens", "{token}", "Output tokens spent on reasoning.");
  const stall = histogram(
    store,
    "weir.stream.longest_stall",
    "s",
    "Streams: the longest gap between two content chunks of a call.",
    perTokenBounds,
  );
  const prefill = histogram(
    store,
    "weir.prefill.token_rate",
    "{token}/s",
    "Streams: uncached input tokens a second until the first token.",
    tokenRateBounds,
  );
  const decode = histogram(
    store,
    "weir.decode.token_rate",
    "{token}/s",
    "Streams: output tokens a second after the first token.",
    tokenRateBounds,
  );
  return (labels) => {
    const of = <Series>(family: { series(...labels: readonly string[]): Series }) => family.series(...labels);
    const [costs, unpriceds, reads, writes, reasonings] = [cost, unpriced, cacheRead, cacheWrite, reasoning].map(of);
    const [stalls, prefills, decodes] = [stall, prefill, decode].map(of);
    return (row, nowUnixMs) => {
      if (row.cost_nano_usd === null) unpriceds?.add(1, row, nowUnixMs);
      else costs?.add(row.cost_nano_usd / 1e9, row, nowUnixMs);
      if (row.cache_read_tokens !== null) reads?.add(row.cache_read_tokens, row, nowUnixMs);
      if (row.cache_write_tokens !== null) writes?.add(row.cache_write_tokens, row, nowUnixMs);
      if (row.reasoning_tokens !== null) reasonings?.add(row.reasoning_tokens, row, nowUnixMs);
      if (row.is_stream !== 1) return;
      if (row.inter_token_max_ns !== null) stalls?.observe(row.inter_token_max_ns / 1e9, row, nowUnixMs);
      const prefillRate = prefillTokensPerSecond(row);
      if (prefillRate !== null) prefills?.observe(prefillRate, row, nowUnixMs);
      const decodeNs = timePerOutputTokenNs(row);
      if (decodeNs !== null) decodes?.observe(1e9 / decodeNs, row, nowUnixMs);
    };
  };
}
