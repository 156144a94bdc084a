import { z } from "zod";
import { identifier, role, time } from "./fields.ts";

const passwordSignIn = z
  .enum(["everyone", "owners"])
  .describe("`owners`: all but owners must come by the organisation's single sign-on.");

export const organization = z
  .object({
    id: z.string(),
    name: z.string(),
    role: role.nullable().describe("The caller's; null without one of their own, and for the owner of this machine."),
    password_sign_in: passwordSignIn,
    created_at: time,
  })
  .meta({ id: "Organization" });
export type Organization = z.infer<typeof organization>;

export const organizationList = z.object({ data: z.array(organization) }).meta({ id: "OrganizationList" });
export type OrganizationList = z.infer<typeof organizationList>;

export const createOrganizationBody = z.strictObject({
  name: z.string().trim().min(1).max(120),
  id: identifier.optional(),
});

export const updateOrganizationBody = z.strictObject({
  name: z.string().trim().min(1).max(120).optional(),
  password_sign_in: passwordSignIn.optional(),
});
export type UpdateOrganizationBody = z.input<typeof updateOrganizationBody>;

export const organizationParams = z.object({ organization_id: identifier });
