import { z } from "zod";
import { identifier, role, roleOrNone, time } from "./fields.ts";

export const member = z
  .object({
    user_id: z.string(),
    email: z.string(),
    name: z.string(),
    role: roleOrNone,
    source: z.enum(["direct", "sso"]).describe("`sso`: the role follows the groups of the identity provider."),
    created_at: time,
  })
  .meta({ id: "Member" });
export type Member = z.infer<typeof member>;
export const memberList = z.object({ data: z.array(member) }).meta({ id: "MemberList" });
export type MemberList = z.infer<typeof memberList>;

export const memberParams = z.object({ organization_id: identifier, user_id: identifier });
export const updateMemberBody = z.strictObject({ role: roleOrNone });
export type UpdateMemberBody = z.input<typeof updateMemberBody>;

/** A link that is shown once, to be handed to whom it is for. */
export const secretLink = z
  .object({ path: z.string().describe("Append it to this install's address."), expires_at: time })
  .meta({ id: "SecretLink" });
export type SecretLink = z.infer<typeof secretLink>;

/** A role that a project itself gives; those of the organisation come on top. */
export const projectRole = z
  .object({
    grantee: z.enum(["user", "team"]),
    id: z.string(),
    name: z.string().describe("The user's address, or the team's name."),
    role,
  })
  .meta({ id: "ProjectRole" });
export type ProjectRole = z.infer<typeof projectRole>;
export const projectRoleList = z.object({ data: z.array(projectRole) }).meta({ id: "ProjectRoleList" });
export type ProjectRoleList = z.infer<typeof projectRoleList>;

export const projectRoleParams = z.object({ project_id: identifier });
export const projectUserParams = z.object({ project_id: identifier, user_id: identifier });
export const projectTeamParams = z.object({ project_id: identifier, team_id: identifier });
export const setProjectRoleBody = z.strictObject({ role });
