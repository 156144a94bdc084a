import { z } from "zod";
import { identifier, projectQuery, time } from "./fields.ts";

/** A provider's key that Weir holds, so that clients need only a Weir key. The secret is never given back. */
export const connection = z
  .object({
    id: z.string(),
    project_id: z.string(),
    provider: z.string().describe("The gateway's provider id, as in `/openai/v1/…`."),
    base_url: z.string().nullable().describe("Null: the provider's own address."),
    created_at: time,
  })
  .meta({ id: "Connection" });
export type Connection = z.infer<typeof connection>;

export const listConnectionsQuery = z.object(projectQuery);
export const connectionList = z.object({ data: z.array(connection) }).meta({ id: "ConnectionList" });
export type ConnectionList = z.infer<typeof connectionList>;

export const createConnectionBody = z.strictObject({
  provider: identifier,
  secret: z
    .string()
    .min(1)
    .max(8192)
    .describe("The provider's key, or the JSON key file of a Google service account; kept encrypted."),
  base_url: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .optional()
    .describe("Where to send calls instead of the provider's own address; without the version."),
  project_id: identifier.optional(),
});
export type CreateConnectionBody = z.input<typeof createConnectionBody>;

export const connectionParams = z.object({ connection_id: identifier });
