import { z } from "zod";

/** What the UI must know of this install to show snippets that work. */
export const install = z
  .object({
    version: z.string(),
    is_loopback: z.boolean().describe("True when Weir listens on this machine only: telemetry then needs no key."),
    providers: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .describe("Whom the gateway can forward to, by path."),
  })
  .meta({ id: "Install" });
export type Install = z.infer<typeof install>;

export const masterKeyRotation = z
  .object({
    resealed: z.number().int().describe("Secrets that are now sealed with the new key."),
    unreadable: z.number().int().describe("Secrets that no key opened: enter them again."),
    given_by: z
      .string()
      .nullable()
      .describe("Where the master key comes from that Weir did not make; null: a new one is in the data directory."),
  })
  .meta({ id: "MasterKeyRotation" });
