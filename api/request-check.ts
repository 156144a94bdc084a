import { CodedError, type ErrorDetail, fieldPath } from "@weir/model";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";

/** Checks a part of a request by its zod schema; a CodedError names every wrong field. */
export const checkRequest: FastifySchemaCompiler<z.ZodType> = ({ schema }) => {
  return (data: unknown) => {
    const result = schema.safeParse(data ?? {});
    return result.success ? { value: result.data } : { error: badRequest(detailsOf(result.error)) };
  };
};

export function badRequest(details: readonly ErrorDetail[]): CodedError {
  const fields = details.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return new CodedError("BAD_REQUEST", `The request is wrong: ${fields.join("; ")}.`, { details });
}

function detailsOf(error: z.ZodError): ErrorDetail[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: fieldPath([...issue.path, key]), message: "there is no such field" }))
      : [{ path: fieldPath(issue.path), message: plain(issue.message) }],
  );
}

/** Zod's sentence, to be part of ours. */
function plain(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
