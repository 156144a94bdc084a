import { z } from "zod";

/** The body of every answer that is not 2xx. The codes are listed in docs/errors.md. */
export const errorBody = z
  .object({
    error: z.object({
      code: z.string().describe("Stable; docs/errors.md lists them."),
      message: z.string(),
      retryable: z.boolean().describe("Whether the same request may succeed later."),
      request_id: z.string().optional().describe("Names the request in Weir's log."),
      details: z
        .array(
          z.object({
            path: z.string(),
            message: z.string(),
            position: z.number().int().optional().describe("Of a filter's text: where the fault is, from 0."),
            length: z.number().int().optional().describe("How many characters are wrong."),
            suggestion: z.string().optional().describe("What was probably meant."),
          }),
        )
        .optional()
        .describe("One for each wrong field."),
      type: z
        .string()
        .optional()
        .describe("Only where the gateway answered before the API could: OpenAI's name for it."),
      param: z.null().optional().describe("As `type`, for clients of OpenAI."),
    }),
  })
  .meta({ id: "ErrorBody" });
export type ErrorBody = z.infer<typeof errorBody>;
