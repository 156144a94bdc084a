import { z } from "zod";

const mebibyte = 1 << 20;

/** What a user may set about the journal and the writer that drains it. */
export const pipelineConfig = z.strictObject({
  journalLimitBytes: z
    .number()
    .int()
    .min(8 * mebibyte)
    .default(4096 * mebibyte)
    .describe("What the journal of one process may take on disk before new rows are refused."),
  journalSegmentBytes: z
    .number()
    .int()
    .min(64 << 10)
    .default(64 * mebibyte)
    .describe("The length at which a segment is closed; closed and drained segments are deleted."),
  journalQueueBytes: z
    .number()
    .int()
    .min(mebibyte)
    .default(64 * mebibyte)
    .describe("What may wait in memory for the disk."),
  journalReserveBytes: z
    .number()
    .int()
    .min(0)
    .default(32 * mebibyte)
    .describe("Free space on the disk that the journal leaves to others."),
  writerBatchRows: z.number().int().min(1).max(1_000_000).default(100_000).describe("Most rows of one INSERT."),
  writerBatchBytes: z
    .number()
    .int()
    .min(mebibyte)
    .default(64 * mebibyte)
    .describe("Most bytes of one INSERT; each inserter holds up to twice as much in memory."),
  writerInserters: z.number().int().min(1).max(8).default(2).describe("INSERTs under way at once."),
  rememberedCalls: z
    .number()
    .int()
    .min(1000)
    .max(16_777_216)
    .default(500_000)
    .describe("The latest calls, by which a later record of one (of the gateway, of an SDK) is known; 72 bytes each."),
  setAsideLimitBytes: z
    .number()
    .int()
    .min(0)
    .default(1024 * mebibyte)
    .describe("What may be kept of rows that storage refuses; beyond it they stay in the journal."),
});

export type PipelineConfig = z.infer<typeof pipelineConfig>;
