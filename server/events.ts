import type { EventDefinition } from "@weir/model";

export const catalogAwaited = {
  level: "warn",
  message: "The catalog database does not answer; it is tried again until it does.",
} as const satisfies EventDefinition;

export const processStarted = { level: "info", message: "Started." } as const satisfies EventDefinition;

export const processStopped = { level: "info", message: "Stopped." } as const satisfies EventDefinition;

export const childExited = {
  level: "warn",
  message: "A process ended; it is started again.",
  counter: "process_restarts",
  labels: ["part"],
} as const satisfies EventDefinition;

export const childFailed = {
  level: "error",
  message: "A process could not be started; it is tried again.",
  counter: "process_start_failures",
  labels: ["part"],
} as const satisfies EventDefinition;

export const previousTakenOver = {
  level: "info",
  message: "Took over from processes that an earlier supervisor had left running.",
} as const satisfies EventDefinition;

export const storageWaiting = {
  level: "warn",
  message: "Storage is not ready; what arrives is kept in the journal until it is.",
  counter: "storage_open_failures",
} as const satisfies EventDefinition;

export const storageReady = {
  level: "info",
  message: "Storage is ready; the journals are drained into it.",
} as const satisfies EventDefinition;

export const shutdownForced = {
  level: "warn",
  message: "A process did not end in time and was killed.",
  counter: "process_kills",
  labels: ["part"],
} as const satisfies EventDefinition;

export const otelVariableIgnored = {
  level: "warn",
  message: "An environment variable of OpenTelemetry has a value that Weir cannot follow; it is ignored.",
} as const satisfies EventDefinition;

export const exportToItselfRefused = {
  level: "warn",
  message: "A destination of telemetry is this Weir itself; nothing is sent there.",
} as const satisfies EventDefinition;

export const uncaughtFault = {
  level: "error",
  message: "A fault that nobody caught; the process ends.",
  counter: "uncaught_faults",
} as const satisfies EventDefinition;

export const certificateRenewed = {
  level: "info",
  message: "A renewed certificate is in use.",
} as const satisfies EventDefinition;

export const certificateRefused = {
  level: "error",
  message: "A renewed certificate cannot be used; the one before it stays.",
  counter: "certificates_refused",
} as const satisfies EventDefinition;

export const dataExpired = {
  level: "info",
  message: "Data that is older than its project's retention is being deleted.",
  counter: "retention_sweeps_with_rows",
} as const satisfies EventDefinition;

export const expiryFailed = {
  level: "warn",
  message: "Data that is due to expire could not be looked for; it is tried again.",
  counter: "retention_sweep_failures",
} as const satisfies EventDefinition;

export const wordsIndexed = {
  level: "debug",
  message: "Rows of the last burst were merged, so that their words are indexed.",
} as const satisfies EventDefinition;

export const wordsNotIndexed = {
  level: "warn",
  message: "Rows of the last burst could not be merged; search reads them without an index until they are.",
  counter: "index_upkeep_failures",
} as const satisfies EventDefinition;

export const tracesDecided = {
  level: "debug",
  message: "Traces whose spans were held are decided; the spans of those that are not kept are going.",
  counter: "held_traces_decided",
  labels: ["outcome"],
} as const satisfies EventDefinition;

export const traceDecisionFailed = {
  level: "warn",
  message: "Traces whose spans are held could not be decided; it is tried again.",
  counter: "trace_decision_failures",
} as const satisfies EventDefinition;

export const lateRowsDeleted = {
  level: "info",
  message: "Rows that came after their project was deleted are being deleted.",
} as const satisfies EventDefinition;
