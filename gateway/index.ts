export type { Admission, GatewayCatalog, GatewayConnection, GatewayKey, Listener } from "./auth.ts";
export { type GatewayConfig, gatewayConfig, type ProviderConfig, reservedSegments } from "./config.ts";
export { keysInEnvironment } from "./environment-keys.ts";
export { type Gateway, type GatewayOptions, type OwnAnswer, type OwnRequest, startGateway } from "./http.ts";
export { type ProviderRow, providerIds, providerRows } from "./providers/index.ts";
