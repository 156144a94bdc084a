import type { SpanRow } from "@weir/model";
import { httpBounds, httpMillisecondBounds } from "./buckets.ts";
import { cachedBy } from "./cached-by.ts";
import type { CountCall } from "./gen-ai-metrics.ts";
import { LabelValues } from "./label-values.ts";
import type { MetricStore } from "./metric-store.ts";
import { otelDefinition } from "./otel-names.ts";

/** `http.server.request.duration`, the older `http.server.duration`, or both. */
export type HttpConventions = "stable" | "legacy" | "both";

/** What the main port speaks. */
export type UrlScheme = "http" | "https";

export interface HttpMetricsOptions {
  readonly store: MetricStore;
  readonly conventions: HttpConventions;
  readonly scheme: UrlScheme;
  readonly labelValueLimit: number;
  readonly seriesLimit: number;
}

/** Counts a forwarded request as OpenTelemetry's HTTP conventions say. */
export function createHttpMetrics(options: HttpMetricsOptions): CountCall {
  const { conventions, labelValueLimit, scheme, seriesLimit } = options;
  const stable = conventions === "legacy" ? undefined : stableDuration(options.store);
  const legacy = conventions === "stable" ? undefined : legacyDuration(options.store);
  const routes = new LabelValues(labelValueLimit);
  const errorTypes = new LabelValues(labelValueLimit);
  const methods = new LabelValues(labelValueLimit);
  const seriesOf = cachedBy(["http_route", "http_status", "error_type"], seriesLimit, (row) => {
    const [method, route, status] = requestOf(row);
    const labels = [methods.admit(method), routes.admit(route), status] as const;
    return {
      seconds: stable?.series(...labels, errorTypes.admit(row.error_type), scheme),
      milliseconds: legacy?.series(...labels, scheme),
    };
  });
  return (row, nowUnixMs) => {
    const { seconds, milliseconds } = seriesOf(row);
    seconds?.observe(row.duration_ns / 1e9, row, nowUnixMs);
    milliseconds?.observe(row.duration_ns / 1e6, row, nowUnixMs);
  };
}

function requestOf({ http_route, http_status }: SpanRow): readonly [string, string, string] {
  const [method = "", route = ""] = http_route.split(" ");
  return [method, route, http_status === null ? "" : String(http_status)];
}

function stableDuration(store: MetricStore) {
  const name = "http.server.request.duration";
  const help = "Duration of forwarded requests.";
  const attributes = [
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "error.type",
    "url.scheme",
  ] as const;
  return store.histogram(otelDefinition("histogram", { name, unit: "s", help, attributes }), httpBounds);
}

/** By semantic conventions 1.20, before HTTP became stable. */
function legacyDuration(store: MetricStore) {
  const name = "http.server.duration";
  const help = "Duration of forwarded requests, by the name and unit that http.server.request.duration replaced.";
  const attributes = ["http.method", "http.route", "http.status_code", "http.scheme"] as const;
  return store.histogram(otelDefinition("histogram", { name, unit: "ms", help, attributes }), httpMillisecondBounds);
}

/** Requests under way, read when somebody asks. */
export function addActiveRequests(
  store: MetricStore,
  scheme: UrlScheme,
  activeByMethod: () => ReadonlyMap<string, number>,
): void {
  const active = store.gauge(
    otelDefinition("gauge", {
      name: "http.server.active_requests",
      unit: "{request}",
      help: "Requests that are being forwarded.",
      attributes: ["http.request.method", "url.scheme"],
      isUpDownCounter: true,
    }),
  );
  const seen = new Set(["POST"]);
  store.onCollect(() => {
    const counts = activeByMethod();
    for (const method of counts.keys()) seen.add(method);
    for (const method of seen) active.series(method, scheme).set(counts.get(method) ?? 0);
  });
}
