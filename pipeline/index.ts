export * from "./blocks/block-writer.ts";
export * from "./blocks/column-writers.ts";
export { GrowingBytes } from "./blocks/growing-bytes.ts";
export { type PipelineConfig, pipelineConfig } from "./config.ts";
export type * from "./consumer.ts";
export type * from "./journal/contract.ts";
export { openJournal } from "./journal/journal.ts";
export type * from "./writer/contract.ts";
export { startWriter } from "./writer/writer.ts";
