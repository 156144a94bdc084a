export * from "./columns.ts";
export * from "./cost-explanation.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./ids.ts";
export * from "./price.ts";
export * from "./span.ts";
export * from "./usage.ts";
