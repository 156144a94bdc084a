export type { Admission, GatewayCatalog, GatewayConnection, GatewayKey } from "./auth.ts";
export { type GatewayConfig, gatewayConfig, type ProviderConfig, reservedSegments } from "./config.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./http.ts";
export { type ProviderRow, providerIds, providerRows } from "./providers/index.ts";
