import { CodedError } from "@weir/model";

/** What both databases call a broken promise of the schema. */
const uniqueViolations: ReadonlySet<unknown> = new Set(["23505", 2067, 1555]);
const missingParents: ReadonlySet<unknown> = new Set(["23503", 787]);

/**
 * What both databases call a disk without room: SQLite's own, the one for the file of its shared memory that cannot grow
 * (SQLITE_IOERR_SHMSIZE, met by a connection that is opened then), and what Node says of its files.
 */
const diskFull: ReadonlySet<unknown> = new Set(["53100", 13, 4874, "ENOSPC"]);

/** PostgreSQL: a text with U+0000, which it cannot hold. */
const untranslatableCharacter = "22021";

/** U+0000 in a text: PostgreSQL cannot keep it, so neither catalog does. */
export function unkeptCharacter(cause?: unknown): CodedError {
  return new CodedError("BAD_REQUEST", "A text may not have the character U+0000 in it.", { cause });
}

/** What is made has the name or the id of something that is there. */
export function nameTaken(cause?: unknown): CodedError {
  return new CodedError("CONFLICT", "Something of that name exists already.", { cause });
}

/** The one map from a database's failures to codes. Neither SQL nor values get into the message. */
export function asCatalogError(thrown: unknown): CodedError {
  if (thrown instanceof CodedError) return thrown;
  const options = { cause: thrown };
  const code = failureCode(thrown);
  if (uniqueViolations.has(code)) return nameTaken(thrown);
  if (code === untranslatableCharacter) return unkeptCharacter(thrown);
  if (missingParents.has(code)) return new CodedError("NOT_FOUND", "What this belongs to does not exist.", options);
  if (diskFull.has(code))
    return new CodedError("CATALOG_UNAVAILABLE", "The disk of the catalog database is full.", options);
  return new CodedError("CATALOG_UNAVAILABLE", "The catalog database failed or does not answer.", options);
}

/** SQLite: another process is writing. */
export function isBusy(thrown: unknown): boolean {
  return failureCode(thrown) === 5;
}

function failureCode(thrown: unknown): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  if ("errcode" in thrown) return thrown.errcode;
  return "code" in thrown ? thrown.code : undefined;
}
