import { z } from "zod";
import { time } from "./fields.ts";
import { project } from "./projects.ts";

export const loginBody = z.strictObject({ email: z.string().min(3).max(320), password: z.string().min(1).max(1024) });
export type LoginBody = z.input<typeof loginBody>;

export const redeemBody = z.strictObject({
  token: z.string().min(8).max(512).describe("From the sign-in link; works once."),
});
export type RedeemBody = z.input<typeof redeemBody>;

/** A way into the web UI that works once; only the owner of this machine may ask for one. */
export const signInLink = z
  .object({ path: z.string().describe("Append it to this install's address."), expires_at: time })
  .meta({ id: "SignInLink" });
export type SignInLink = z.infer<typeof signInLink>;

/** Who is asking. */
export const me = z
  .object({
    via: z.enum(["session", "key"]),
    user: z
      .object({ id: z.string(), email: z.string() })
      .nullable()
      .describe("Null with a key, or for the owner of this machine."),
    key: z.object({ id: z.string(), name: z.string(), project_id: z.string() }).nullable(),
    projects: z.array(project).describe("The projects that may be read."),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof me>;
