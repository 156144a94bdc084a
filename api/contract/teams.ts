import { z } from "zod";
import { identifier, time } from "./fields.ts";

/** People of an organisation who get roles on projects together. */
export const team = z
  .object({ id: z.string(), name: z.string(), user_ids: z.array(z.string()), created_at: time })
  .meta({ id: "Team" });
export type Team = z.infer<typeof team>;
export const teamList = z.object({ data: z.array(team) }).meta({ id: "TeamList" });
export type TeamList = z.infer<typeof teamList>;

export const teamBody = z.strictObject({ name: z.string().trim().min(1).max(120) });
export type TeamBody = z.input<typeof teamBody>;
export const teamParams = z.object({ organization_id: identifier, team_id: identifier });
export const teamMemberParams = z.object({ organization_id: identifier, team_id: identifier, user_id: identifier });
