import type { EventDefinition, EventFields, Telemetry } from "@weir/model";
import pino from "pino";
import { readableLine } from "./logging/log-lines.ts";
import { type LogOutput, standardOutput } from "./logging/log-output.ts";
import { redact, secretFields } from "./logging/redaction.ts";
import { type Counter, MetricStore } from "./metrics/metric-store.ts";
import { addProcessMetrics } from "./metrics/process-metrics.ts";

export interface TelemetryOptions {
  /** `gateway-0`: in each line and on the process's own metrics. */
  readonly processName: string;
  readonly log: { readonly level: string; readonly format: "auto" | "json" | "text" };
  readonly seriesLimit?: number;
  readonly output?: LogOutput;
}

/** Hears of each event that is logged. Its fields are free of secrets. Must not throw. */
export type EventListener = (event: EventDefinition, fields: EventFields) => void;

export interface ProcessTelemetry extends Telemetry {
  readonly metrics: MetricStore;
  onEvent(listener: EventListener): void;
}

/** Logs and metrics of this process. An event is one line and one count. */
export function createTelemetry(options: TelemetryOptions): ProcessTelemetry {
  const metrics = new MetricStore(options.seriesLimit);
  addProcessMetrics(metrics, options.processName);
  const logger = createLogger(options);
  const listeners: EventListener[] = [];
  const counters = new Map<string, Counter>();
  const counterOf = (name: string, event: EventDefinition): Counter => {
    let counter = counters.get(name);
    if (counter === undefined) {
      counter = metrics.counter({ name: `weir_${name}_total`, help: event.message, labels: event.labels ?? [] });
      counters.set(name, counter);
    }
    return counter;
  };
  return {
    metrics,
    onEvent(listener) {
      listeners.push(listener);
    },
    emit(event, fields = {}, count = 1) {
      logger[event.level](fields, event.message);
      if (listeners.length > 0 && logger.isLevelEnabled(event.level)) {
        const shown = redactFields(fields);
        for (const listener of listeners) listener(event, shown);
      }
      if (event.counter === undefined) return;
      const labels = (event.labels ?? []).map((name) => String(fields[name] ?? ""));
      counterOf(event.counter, event)
        .series(...labels)
        .add(count);
    },
  };
}

function createLogger({ processName, log, output }: TelemetryOptions): pino.Logger {
  const destination = output ?? standardOutput();
  const isText = log.format === "text" || (log.format === "auto" && process.stdout.isTTY);
  const stream: LogOutput = isText
    ? { write: (line) => destination.write(`${readableLine(line.trimEnd(), process.stdout.isTTY)}\n`) }
    : destination;
  return pino(
    {
      level: log.level,
      base: { process: processName },
      redact: { paths: secretFields.map((name) => (name.includes("-") ? `["${name}"]` : name)), censor: "[redacted]" },
      formatters: { log: (fields) => redactFields(fields as EventFields) },
    },
    stream,
  );
}

function redactFields(fields: EventFields): EventFields {
  const redacted: Record<string, EventFields[string]> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (secretFields.includes(name)) redacted[name] = "[redacted]";
    else redacted[name] = typeof value === "string" ? redact(value) : value;
  }
  return redacted;
}
