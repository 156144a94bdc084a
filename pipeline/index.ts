export * from "./blocks/block-writer.ts";
export * from "./blocks/column-writers.ts";
export { GrowingBytes } from "./blocks/growing-bytes.ts";
export type * from "./consumer.ts";
export type * from "./journal/contract.ts";
export type * from "./writer/contract.ts";
