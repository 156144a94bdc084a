import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type EventDefinition,
  type EventFields,
  noSpanId,
  type SpanRow,
  type Telemetry,
  unsampledParentAttribute,
} from "@weir/model";
import type { Metric } from "@weir/otlp";
import type { ExportConfig } from "./config.ts";
import { bytesOfSpan, Destination, type LineOutput } from "./destination.ts";
import { exportEvents } from "./events.ts";
import { type GenAiContent, genAiContent } from "./otlp/gen-ai-messages.ts";
import { logOfContent, logOfEvent } from "./otlp/logs.ts";
import { type Sender, spanOfRow } from "./otlp/span-of-row.ts";
import { createSampler } from "./sampler.ts";

export interface TelemetryExportOptions {
  readonly config: ExportConfig;
  /** `gateway-0`. */
  readonly processName: string;
  readonly version: string;
  readonly telemetry: Telemetry;
  /** What this process has counted so far, as cumulative metrics of OTLP. */
  readonly collectMetrics: (sender: Sender) => readonly Metric[];
  /** Where a console destination writes. */
  readonly output: LineOutput;
}

/** What one process exports. Nothing of it waits for a destination or throws. Disposing sends what is left. */
export interface TelemetryExport extends AsyncDisposable {
  /** A call has ended. */
  onCall(row: SpanRow): void;
  /** A log line of Weir's own; its fields are free of secrets. */
  onEvent(event: EventDefinition, fields: EventFields): void;
}

/** Our own events are not exported: each failing export would make another. */
const ownEvents: ReadonlySet<EventDefinition> = new Set(Object.values(exportEvents));

/** Begins to export; undefined without destinations, so that nothing is spent on it. */
export function startTelemetryExport(options: TelemetryExportOptions): TelemetryExport | undefined {
  const { config, telemetry, output } = options;
  const destinations = Object.entries(config.destinations).map(
    ([name, destination]) => new Destination({ name, destination, config, telemetry, output }),
  );
  if (destinations.length === 0) return undefined;
  const sender = senderOf(options);
  const toTraces = destinations.filter((it) => it.takes("traces"));
  const toMetrics = destinations.filter((it) => it.takes("metrics"));
  const toLogs = destinations.filter((it) => it.takes("logs"));
  const isSampled = createSampler(config);
  const inSpans = config.content === "span" || config.content === "span_and_event";
  const inEvents = config.content === "event" || config.content === "span_and_event";

  const sendMetrics = () => {
    const metrics = options.collectMetrics(sender);
    for (const destination of toMetrics) destination.sendMetrics(metrics);
  };
  const timer = toMetrics.length === 0 ? undefined : setInterval(sendMetrics, config.metricIntervalMs).unref();

  return {
    onCall(row) {
      if (!isSampled(row.trace_id, parentSampled(row))) return;
      const needsContent = (inSpans && toTraces.length > 0) || (inEvents && toLogs.length > 0);
      const content = needsContent ? genAiContent(row) : undefined;
      if (toTraces.length > 0) {
        const span = spanOfRow(row, sender, inSpans ? content : undefined);
        for (const destination of toTraces) destination.addSpan(span, bytesOfSpan(row, inSpans));
      }
      if (inEvents && hasContent(content)) {
        const record = logOfContent(row, content, sender);
        for (const destination of toLogs) destination.addLog(record, bytesOfSpan(row, true));
      }
    },
    onEvent(event, fields) {
      if (toLogs.length === 0 || ownEvents.has(event)) return;
      const record = logOfEvent(event, fields, sender, Date.now());
      for (const destination of toLogs) destination.addLog(record, logBytes(fields));
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      sendMetrics();
      await Promise.all(destinations.map((destination) => destination[Symbol.asyncDispose]()));
    },
  };
}

function senderOf({ config, processName, version }: TelemetryExportOptions): Sender {
  return {
    resource: {
      "service.name": config.serviceName,
      "service.version": version,
      "service.instance.id": randomUUID(),
      "host.name": hostname(),
      "process.pid": process.pid,
      "weir.process": processName,
      ...config.resourceAttributes,
    },
    scope: { name: "weir", version, attributes: {} },
  };
}

function parentSampled(row: SpanRow): boolean | undefined {
  if (row.parent_span_id === noSpanId) return undefined;
  return row.attributes[unsampledParentAttribute] === undefined;
}

function hasContent(content: GenAiContent | undefined): content is GenAiContent {
  return content !== undefined && (content.inputMessages !== "" || content.outputMessages !== "");
}

function logBytes(fields: EventFields): number {
  let bytes = 512;
  for (const value of Object.values(fields)) if (typeof value === "string") bytes += value.length;
  return bytes;
}
