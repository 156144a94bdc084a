export type { ApiAccess } from "./api-client.ts";
export { type ApiCommandsOptions, addApiCommands } from "./commands.ts";
export { processTerminal, type Terminal } from "./terminal.ts";
