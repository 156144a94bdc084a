import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ExportConfig,
  isOwnAddress,
  readOtelEnvironment,
  startTelemetryExport,
  type TelemetryExport,
} from "@weir/export";
import type { WeirConfig } from "./config-schema.ts";
import { exportToItselfRefused, otelVariableIgnored } from "./events.ts";
import { standardOutput } from "./logging/log-output.ts";
import { otlpMetrics } from "./metrics/otlp-metrics.ts";
import type { RoleOptions } from "./role.ts";

const noExport: TelemetryExport = {
  onCall() {},
  onEvent() {},
  async [Symbol.asyncDispose]() {},
};

/**
 * Exports what this process records, counts and logs to the configured destinations. Each process exports its own:
 * a destination sees them apart by `service.instance.id`.
 */
export function startExport({ config, telemetry, index }: RoleOptions, role: string): TelemetryExport {
  const startTimeUnixNano = BigInt(Math.round(performance.timeOrigin)) * 1_000_000n;
  const started = startTelemetryExport({
    config: withoutOwnAddresses(config, (destination) => telemetry.emit(exportToItselfRefused, { destination })),
    processName: `${role}-${index}`,
    version: packageVersion(),
    telemetry,
    collectMetrics: (sender) =>
      otlpMetrics(
        telemetry.metrics.snapshot(),
        { startTimeUnixNano, timeUnixNano: BigInt(Date.now()) * 1_000_000n },
        sender,
      ),
    output: standardOutput(),
  });
  if (started === undefined) return noExport;
  telemetry.onEvent((event, fields) => started.onEvent(event, fields));
  return started;
}

/** Tells what of OpenTelemetry's variables is not followed. */
export function tellIgnoredVariables({ telemetry }: RoleOptions): void {
  for (const ignored of readOtelEnvironment(process.env).ignored) telemetry.emit(otelVariableIgnored, ignored);
}

function withoutOwnAddresses(config: WeirConfig, onRefused: (destination: string) => void): ExportConfig {
  const { host, port, otlp } = config;
  const ports = [port, otlp.grpcPort, otlp.httpPort];
  const destinations = Object.entries(config.export.destinations).filter(([name, { endpoint }]) => {
    const isOwn = endpoint !== undefined && isOwnAddress(endpoint, host, ports);
    if (isOwn) onRefused(name);
    return !isOwn;
  });
  return { ...config.export, destinations: Object.fromEntries(destinations) };
}

function packageVersion(): string {
  const manifest = readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
