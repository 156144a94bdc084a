import { z } from "zod";
import { time, whole } from "./fields.ts";

/** What one table takes. */
export const tableUsage = z
  .object({
    table: z.string(),
    rows: whole,
    parts: whole.describe("Pieces that merges have not yet put together."),
    disk_bytes: whole.describe("Columns, indexes and marks: what the files take."),
    compressed_bytes: whole.describe("Of the columns alone, as they are stored."),
    uncompressed_bytes: whole.describe("Of the columns alone, as they were inserted."),
    compression_ratio: z.number().nullable().describe("Uncompressed by compressed; null for an empty table."),
    disk_bytes_per_row: z.number().nullable(),
    oldest: time.nullable().describe("Of the first row, as fine as the table is; null without rows or times."),
    newest: time.nullable(),
  })
  .meta({ id: "TableUsage" });

export const storageReport = z
  .object({ data: z.array(tableUsage).describe("Largest first."), total_disk_bytes: whole })
  .meta({ id: "StorageReport" });
export type StorageReport = z.infer<typeof storageReport>;
