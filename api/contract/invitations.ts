import { z } from "zod";
import { emailAddress, identifier, newPassword, role, roleOrNone, time } from "./fields.ts";
import { secretLink } from "./members.ts";

export const invitation = z
  .object({
    id: z.string(),
    email: z.string(),
    role: roleOrNone,
    project: z.object({ id: z.string(), role }).nullable().describe("A role on one project besides."),
    invited_by: z.string(),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: "Invitation" });
export type Invitation = z.infer<typeof invitation>;
export const invitationList = z.object({ data: z.array(invitation) }).meta({ id: "InvitationList" });
export type InvitationList = z.infer<typeof invitationList>;

export const createInvitationBody = z.strictObject({
  email: emailAddress,
  role: roleOrNone,
  project: z.strictObject({ id: identifier, role }).optional(),
});
export type CreateInvitationBody = z.input<typeof createInvitationBody>;

/** The link is shown this once; hand it to whom it is for. */
export const createdInvitation = z.object({ invitation, link: secretLink }).meta({ id: "CreatedInvitation" });
export type CreatedInvitation = z.infer<typeof createdInvitation>;

export const invitationParams = z.object({ organization_id: identifier, invitation_id: identifier });

const token = z.string().min(8).max(512);
export const openInvitationBody = z.strictObject({ token });
export const openInvitation = z
  .object({
    email: z.string(),
    organization_name: z.string(),
    role: roleOrNone,
    invited_by: z.string(),
    has_account: z.boolean().describe("True: sign in with this address, then accept."),
    expires_at: time,
  })
  .meta({ id: "OpenInvitation" });
export type OpenInvitation = z.infer<typeof openInvitation>;

export const acceptInvitationBody = z.strictObject({
  token,
  name: z.string().trim().max(120).default(""),
  password: newPassword.optional().describe("For who has no account yet; others are signed in."),
});
export type AcceptInvitationBody = z.input<typeof acceptInvitationBody>;
