import { spanKinds } from "@weir/model";
import { z } from "zod";

const id = z.string().min(1).max(200);
const name = z.string().min(1).max(500);
const tokenCount = z.int().min(0).max(4_294_967_295);
const time = z.iso.datetime({ offset: true });
const metadata = z.record(z.string().max(200), z.unknown());

/** The words that senders use for how a step ended. */
const statusWords = {
  ok: "ok",
  success: "ok",
  completed: "ok",
  error: "error",
  failed: "error",
  failure: "error",
  cancelled: "cancelled",
} as const;

const status = z
  .enum(Object.keys(statusWords) as [keyof typeof statusWords])
  .transform((word) => statusWords[word])
  .default("ok");

const spanRequest = z.looseObject({
  name,
  model: z.string().max(200).nullish(),
  provider: z.string().max(200).nullish(),
  kind: z.enum(spanKinds).nullish(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  prompt_tokens: tokenCount.nullish(),
  completion_tokens: tokenCount.nullish(),
  duration_ms: z.number().min(0).max(31_536_000_000).nullish(),
  start_time: time.nullish(),
  end_time: time.nullish(),
  status,
  error_message: z.string().nullish(),
  parent_span_id: id.nullish(),
  span_id: id.nullish(),
  metadata: metadata.nullish(),
});

/** The body of `POST /api/v1/traces`. Fields of a span that are not named here become attributes. */
export const traceRequest = z.object({
  organization_id: id.nullish(),
  project_id: id.nullish(),
  trace_id: id.nullish(),
  trace_type: z.string().min(1).max(100),
  model: z.string().max(200).nullish(),
  provider: z.string().max(200).nullish(),
  user_id: z.string().max(500).nullish(),
  session_id: z.string().max(500).nullish(),
  tags: z.array(z.string().max(200)).max(100).nullish(),
  metadata: metadata.nullish(),
  spans: z.array(spanRequest).min(1),
});

export type TraceRequest = z.infer<typeof traceRequest>;
export type SpanRequest = z.infer<typeof spanRequest>;

/** The names of a span's fields that have a meaning of their own. */
export const knownSpanFields: ReadonlySet<string> = new Set(Object.keys(spanRequest.shape));
