import { z } from "zod";
import { identifier, newPassword, role, time } from "./fields.ts";
import { createKeyBody } from "./keys.ts";
import { secretLink } from "./members.ts";
import { project } from "./projects.ts";

export const loginBody = z.strictObject({ email: z.string().min(3).max(320), password: z.string().min(1).max(1024) });
export type LoginBody = z.input<typeof loginBody>;

/** For programs; browsers have the cookie. */
export const accessToken = z
  .object({
    access_token: z.string().describe("Send it as `Authorization: Bearer …`. Good while its session is."),
    token_type: z.literal("Bearer"),
    expires_in: z.number().int().describe("Seconds. `POST /api/v1/auth/token` gives another."),
  })
  .meta({ id: "AccessToken" });
export type AccessToken = z.infer<typeof accessToken>;

export const redeemBody = z.strictObject({
  token: z.string().min(8).max(512).describe("From the sign-in link; works once."),
});
export type RedeemBody = z.input<typeof redeemBody>;

/** A way into the web UI that works once; only the owner of this machine may ask for one. */
export const signInLink = secretLink;
export type SignInLink = z.infer<typeof signInLink>;

export const passwordResetLinkBody = z.strictObject({ email: z.string().min(3).max(320) });
export const passwordResetBody = z.strictObject({ token: z.string().min(8).max(512), password: newPassword });
export type PasswordResetBody = z.input<typeof passwordResetBody>;
export const passwordBody = z.strictObject({ current: z.string().min(1).max(1024), password: newPassword });
export type PasswordBody = z.input<typeof passwordBody>;

/** Who is asking. */
export const me = z
  .object({
    via: z.enum(["session", "key"]),
    user: z
      .object({ id: z.string(), email: z.string(), name: z.string() })
      .nullable()
      .describe("Null with a key, or for the owner of this machine."),
    key: z.object({ id: z.string(), name: z.string(), project_id: z.string() }).nullable(),
    is_machine_owner: z.boolean().describe("True: above every role."),
    organizations: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        role: role.nullable().describe("Null: only what projects and teams give."),
      }),
    ),
    projects: z.array(project).describe("The projects that may be read."),
    project_roles: z.record(z.string(), role).describe("What the caller is to each project."),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof me>;

export const updateMeBody = z.strictObject({ name: z.string().trim().max(120) });
export type UpdateMeBody = z.input<typeof updateMeBody>;

export const session = z
  .object({
    id: z.string(),
    is_current: z.boolean(),
    method: z.enum(["link", "password", "sso", "invitation", "reset"]),
    address: z.string(),
    user_agent: z.string(),
    created_at: time,
    last_seen_at: time,
    expires_at: time,
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof session>;
export const sessionList = z.object({ data: z.array(session) }).meta({ id: "SessionList" });
export type SessionList = z.infer<typeof sessionList>;
export const sessionParams = z.object({ session_id: identifier });

/** `project_id` is where its calls and telemetry go; reading, it reaches what its holder does in that project's organisation. */
export const createPersonalKeyBody = createKeyBody;
