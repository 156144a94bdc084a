import type { EventDefinition } from "@weir/model";

export const gatewayListening = {
  level: "info",
  message: "The gateway listens.",
} as const satisfies EventDefinition;

export const handshakeFailed = {
  level: "debug",
  message: "A client's TLS handshake failed, or it spoke plain HTTP.",
  counter: "gateway_tls_handshake_failures",
} as const satisfies EventDefinition;

export const callRefused = {
  level: "info",
  message: "A call was refused before it was forwarded.",
  counter: "gateway_calls_refused",
  labels: ["code"],
} as const satisfies EventDefinition;

export const upstreamFailed = {
  level: "warn",
  message: "A provider could not be reached, or broke off.",
  counter: "gateway_upstream_failures",
  labels: ["provider", "code"],
} as const satisfies EventDefinition;

export const upstreamRetried = {
  level: "debug",
  message: "A kept connection turned out closed; the request was sent again on another.",
  counter: "gateway_upstream_retries",
  labels: ["provider"],
} as const satisfies EventDefinition;

export const rowsDropped = {
  level: "warn",
  message: "Calls were forwarded but could not be recorded.",
  counter: "gateway_rows_dropped",
  labels: ["reason"],
} as const satisfies EventDefinition;

export const observationFailed = {
  level: "error",
  message: "A call was forwarded, but reading it failed; its record is incomplete.",
  counter: "gateway_observation_failures",
} as const satisfies EventDefinition;

export const usageStayedVisible = {
  level: "debug",
  message: "A compressed stream could not be relieved of the usage frame that its client had not asked for.",
  counter: "gateway_usage_frames_visible",
} as const satisfies EventDefinition;

export const relayFailed = {
  level: "warn",
  message: "A process of Weir's own did not answer.",
  counter: "gateway_relay_failures",
  labels: ["part"],
} as const satisfies EventDefinition;
