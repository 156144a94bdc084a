export { type ApiConfig, apiConfig } from "./config.ts";
export type { ApiOptions } from "./context.ts";
export { createApi } from "./create-api.ts";
export { LiveTicks, type RowsTick } from "./live-ticks.ts";
