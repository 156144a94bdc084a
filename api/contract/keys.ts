import { keyScopes } from "@weir/model/browser";
import { z } from "zod";
import { identifier, projectQuery, time } from "./fields.ts";

/** A Weir key. Its secret is shown once, when it is made. */
export const apiKey = z
  .object({
    id: z.string(),
    project_id: z.string(),
    name: z.string(),
    mask: z.string().describe("What may be shown of the secret, such as `weir_…x7Qa`."),
    user_id: z.string().nullable().describe("Whose personal key it is; null for a key of the project itself."),
    scopes: z.array(z.enum(keyScopes)),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable(),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof apiKey>;

export const listKeysQuery = z.object(projectQuery);
export const keyList = z.object({ data: z.array(apiKey) }).meta({ id: "ApiKeyList" });
export type KeyList = z.infer<typeof keyList>;

export const createKeyBody = z.strictObject({
  name: z.string().trim().min(1).max(120),
  project_id: identifier.optional().describe("Default: the key's own project, or `default`."),
  expires_at: time.optional(),
  scopes: z
    .array(z.enum(keyScopes))
    .min(1)
    .default(["ingest", "query", "gateway"])
    .describe(
      "`ingest`: send telemetry. `gateway`: make calls. `query`: read. `manage`: the project's keys and connections, and deletions.",
    ),
});
export type CreateKeyBody = z.input<typeof createKeyBody>;

export const createdKey = z
  .object({ key: apiKey, secret: z.string().describe("Shown this once; Weir keeps only its hash.") })
  .meta({ id: "CreatedApiKey" });
export type CreatedKey = z.infer<typeof createdKey>;

export const keyParams = z.object({ key_id: identifier });
