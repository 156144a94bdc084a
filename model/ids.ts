import { randomBytes, randomUUID } from "node:crypto";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The tenant of a row or a query. Only a checked key, session or catalog row yields one: see `projectId`. */
export type ProjectId = Branded<"ProjectId">;
export type OrganizationId = Branded<"OrganizationId">;
export type ApiKeyId = Branded<"ApiKeyId">;
/** Only a row of the catalog yields one: see `userId`. */
export type UserId = Branded<"UserId">;
/** 32 lower-case hex digits, not all zero (W3C Trace Context, section 3.2.2.3). */
export type TraceId = Branded<"TraceId">;
/** 16 lower-case hex digits; `noSpanId` (all zero) means "no parent". */
export type SpanId = Branded<"SpanId">;

export const noSpanId = "0000000000000000" as SpanId;
/** How a column of trace ids says that there is none. */
export const noTraceId = "00000000000000000000000000000000" as TraceId;
export const defaultProjectId = "default" as ProjectId;
export const demoProjectId = "demo" as ProjectId;

const idShape = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Brands a text that came from the catalog or a checked credential. Throws a TypeError when it is no id at all. */
export function projectId(text: string): ProjectId {
  if (!idShape.test(text)) throw new TypeError(`not a project id: ${JSON.stringify(text.slice(0, 80))}`);
  return text as ProjectId;
}

export function organizationId(text: string): OrganizationId {
  if (!idShape.test(text)) throw new TypeError(`not an organisation id: ${JSON.stringify(text.slice(0, 80))}`);
  return text as OrganizationId;
}

/** Brands a text that came from the catalog. Throws a TypeError when it is no id at all. */
export function userId(text: string): UserId {
  if (!idShape.test(text)) throw new TypeError(`not a user id: ${JSON.stringify(text.slice(0, 80))}`);
  return text as UserId;
}

/** A fresh id such as `prj_1f0c…`: the prefix says what it names. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
}

// Random bytes are drawn in blocks: one call of randomBytes a span costs more than the rest of making it.
let pool = Buffer.alloc(0);
let poolOffset = 0;

function randomHex(byteLength: number): string {
  if (poolOffset + byteLength > pool.length) {
    pool = randomBytes(4096);
    poolOffset = 0;
  }
  const hex = pool.toString("hex", poolOffset, poolOffset + byteLength);
  poolOffset += byteLength;
  return hex;
}

export function newTraceId(): TraceId {
  return randomHex(16) as TraceId;
}

export function newSpanId(): SpanId {
  return randomHex(8) as SpanId;
}

/** The id in canonical form, or undefined when the text is no trace id (any case is accepted, all zero is not). */
export function parseTraceId(text: string): TraceId | undefined {
  return /^[0-9a-f]{32}$/i.test(text) && !/^0+$/.test(text) ? (text.toLowerCase() as TraceId) : undefined;
}

export function parseSpanId(text: string): SpanId | undefined {
  return /^[0-9a-f]{16}$/i.test(text) && !/^0+$/.test(text) ? (text.toLowerCase() as SpanId) : undefined;
}
