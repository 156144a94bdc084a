export { type DestinationConfig, type ExportConfig, exportConfig } from "./config.ts";
export { type OtelSettings, readOtelEnvironment } from "./environment/otel-environment.ts";
export { isOwnAddress } from "./environment/own-address.ts";
export { startTelemetryExport, type TelemetryExport } from "./telemetry-export.ts";
