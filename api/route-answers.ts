import { errorBody } from "./contract/index.ts";

const errors = { "4xx": errorBody, "5xx": errorBody };

/** The schemas of a route's answers: its own, and errors. */
export function answers<Own extends object>(own: Own): Own & typeof errors {
  return { ...own, ...errors };
}
