import { memberRoles } from "@weir/model/browser";
import { z } from "zod";

/** RFC 3339 with a zone; up to nanoseconds. */
export const time = z.iso
  .datetime({ offset: true })
  .describe("RFC 3339 with a zone, such as 2026-11-21T04:05:06.789Z.");

export const traceId = z.string().regex(/^[0-9a-fA-F]{32}$/, "must be 32 hex digits");
export const spanId = z.string().regex(/^[0-9a-fA-F]{16}$/, "must be 16 hex digits");

/** The id of a project, a key or the like, as a request names it. */
export const identifier = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be lower-case letters, digits, _ and -, 1 to 64 of them");

/** From the least to the most. */
export const role = z.enum(memberRoles);
/** Null: only what projects and teams give. */
export const roleOrNone = role.nullable().describe("Null: only the roles that projects and teams give.");

/** A new password; the policy is in docs/security.md. */
export const newPassword = z.string().min(10).max(1024);
export const emailAddress = z.email().max(320);

/** A count, a size or a duration; whole and not negative. */
export const whole = z.number().int().nonnegative();
/** Null is unknown, never zero. */
export const wholeOrUnknown = whole.nullable();

/** Amounts are exact in nano-USD; the dollars beside them are for reading. Null when the price or the usage is unknown. */
export const costFields = {
  cost_nano_usd: z.number().int().nullable().describe("Billionths of a US dollar; null when unknown."),
  cost_usd: z.number().nullable().describe("The same in US dollars."),
};

/** Tokens by class; the details are subsets of input or output. Null is unknown. */
export const tokenFields = {
  input_tokens: wholeOrUnknown.describe("Cached reads and cache writes included."),
  output_tokens: wholeOrUnknown.describe("Reasoning included."),
  cache_read_tokens: wholeOrUnknown.describe("Part of input_tokens."),
  cache_write_tokens: wholeOrUnknown.describe("Part of input_tokens."),
  reasoning_tokens: wholeOrUnknown.describe("Part of output_tokens."),
};

/** A text given once or several times in a query string: any of them matches. */
export const anyOf = z
  .union([z.string().max(500), z.array(z.string().max(500)).max(50)])
  .transform((value) => (typeof value === "string" ? [value] : value))
  .describe("May be repeated; any of the values matches.");

/** Where in time and in which project. Without `from` and `to`: the last 24 hours. */
export const rangeQuery = {
  from: time.optional().describe("Start, inclusive. Default: 24 hours before `to`."),
  to: time.optional().describe("End, exclusive. Default: now."),
  start_time: time.optional().describe("Another name of `from`."),
  end_time: time.optional().describe("Another name of `to`."),
  project_id: identifier
    .optional()
    .describe(
      "The project: any on which the caller has a role; with a project's key, only its own. Default: `default`, or the key's.",
    ),
  organization_id: identifier.optional().describe("Accepted for compatibility; must be the project's organisation."),
};

/** For routes that read one project and have no range. */
export const projectQuery = {
  project_id: rangeQuery.project_id,
  organization_id: rangeQuery.organization_id,
};

/** Which page of a list, newest first. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().describe("`next_cursor` of the page before."),
};

/** One page of a list, newest first; stable while new rows arrive. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z.string().nullable().describe("Give it as `cursor` for the next page; null on the last."),
  });
}

/** The text form of the query language; docs/query-language.md. */
export const filterText = z
  .string()
  .max(4000)
  .describe(
    'A filter in text form, such as `model:gpt-4o status:error cost>0.01 "refund policy"`; see docs/query-language.md. Joined with the other fields by "and".',
  );
