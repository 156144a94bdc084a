import { ClickHouseError } from "@clickhouse/client";
import { CodedError } from "@weir/model";

/**
 * What ClickHouse says of rows that it will never take, however often they are sent. Everything else may pass: a
 * full disk, a server that restarts, a table not made yet, even a wrong password. So that nothing is set aside that a
 * later try would have stored, an error that is not in this list is retryable.
 */
const rejections = new Set([
  "ATTEMPT_TO_READ_AFTER_EOF",
  "CANNOT_CONVERT_TYPE",
  "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
  "CANNOT_PARSE_DATE",
  "CANNOT_PARSE_DATETIME",
  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
  "CANNOT_PARSE_NUMBER",
  "CANNOT_PARSE_TEXT",
  "CANNOT_READ_ALL_DATA",
  "CANNOT_READ_ARRAY_FROM_TEXT",
  "CANNOT_READ_MAP_FROM_TEXT",
  "DUPLICATE_COLUMN",
  "EMPTY_DATA_PASSED",
  "ILLEGAL_COLUMN",
  "ILLEGAL_TYPE_OF_ARGUMENT",
  "INCORRECT_DATA",
  "INCORRECT_NUMBER_OF_COLUMNS",
  "NOT_FOUND_COLUMN_IN_BLOCK",
  "NO_SUCH_COLUMN_IN_TABLE",
  "NUMBER_OF_COLUMNS_DOESNT_MATCH",
  "SIZES_OF_ARRAYS_DONT_MATCH",
  "SIZES_OF_COLUMNS_DOESNT_MATCH",
  "SYNTAX_ERROR",
  "THERE_IS_NO_COLUMN",
  "TOO_LARGE_ARRAY_SIZE",
  "TOO_LARGE_STRING_SIZE",
  "TYPE_MISMATCH",
  "UNKNOWN_TYPE",
  "VIOLATED_CONSTRAINT",
]);

const timeouts = new Set(["TIMEOUT_EXCEEDED", "TOO_SLOW"]);
const tooLarge = new Set(["MEMORY_LIMIT_EXCEEDED", "TOO_MANY_ROWS", "TOO_MANY_BYTES", "TOO_MANY_ROWS_OR_BYTES"]);
const unavailable = new Set([
  "ALL_CONNECTION_TRIES_FAILED",
  "AUTHENTICATION_FAILED",
  "KEEPER_EXCEPTION",
  "NETWORK_ERROR",
  "SOCKET_TIMEOUT",
  "TABLE_IS_READ_ONLY",
  "TOO_MANY_SIMULTANEOUS_QUERIES",
  "UNKNOWN_DATABASE",
]);

/** Why an insert failed: STORAGE_REJECTED for rows that will never be taken, else STORAGE_UNAVAILABLE. */
export function insertError(error: unknown): CodedError {
  const type = typeOf(error);
  return type !== undefined && rejections.has(type)
    ? new CodedError("STORAGE_REJECTED", `ClickHouse refuses the rows (${type}).`, { cause: error })
    : unavailableError(error);
}

/** Why a query or another statement failed. */
export function queryError(error: unknown): CodedError {
  const type = typeOf(error);
  if (type === undefined || unavailable.has(type)) return unavailableError(error);
  if (timeouts.has(type)) return timeoutError(error);
  if (tooLarge.has(type) && !isOfWholeServer(error))
    return new CodedError("QUERY_TOO_LARGE", "The query needs more memory than it may use; narrow its range.", {
      cause: error,
    });
  if (tooLarge.has(type)) return unavailableError(error);
  return new CodedError("STORAGE_REJECTED", `ClickHouse refused the statement (${type}).`, { cause: error });
}

export function timeoutError(cause: unknown): CodedError {
  return new CodedError("QUERY_TIMEOUT", "The query ran over its time limit; narrow its range.", { cause });
}

/** The name of an error that the server answered with; undefined when it did not answer. */
export function typeOf(error: unknown): string | undefined {
  return error instanceof ClickHouseError ? (error.type ?? error.code) : undefined;
}

/** The name of whatever kept ClickHouse from answering: its own error's, the socket's, or that nothing came. */
export function reasonOf(error: unknown): string {
  const code = typeOf(error) ?? (error as { code?: unknown } | null)?.code;
  // A timeout's is a number, which tells nobody anything.
  return typeof code === "string" ? code : "no answer";
}

/** Memory used up by others: the same query may pass a moment later. */
function isOfWholeServer(error: unknown): boolean {
  return /\(total\)|total memory limit/i.test((error as Error).message);
}

function unavailableError(cause: unknown): CodedError {
  return new CodedError("STORAGE_UNAVAILABLE", `ClickHouse is not available (${reasonOf(cause)}).`, {
    cause,
    retryAfterMs: 1000,
  });
}
