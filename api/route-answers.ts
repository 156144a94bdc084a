import type { Readable } from "node:stream";
import { z } from "zod";
import { errorBody } from "./contract/index.ts";

const errors = { "4xx": errorBody, "5xx": errorBody };

/** The schemas of a route's answers: its own, and errors. */
export function answers<Own extends object>(own: Own): Own & typeof errors {
  return { ...own, ...errors };
}

/** The schema of a successful answer that is text of one of these content types, and no JSON. */
export function textAnswer(description: string, ...contentTypes: readonly string[]) {
  return { description, content: Object.fromEntries(contentTypes.map((type) => [type, { schema: z.string() }])) };
}

/** The schema of bytes that are sent as they are read: streams pass Fastify's serializers by. */
export const streamedBytes = z.string().meta({ format: "binary" }) as unknown as z.ZodType<Readable>;
