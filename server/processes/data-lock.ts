import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "@weir/model";

/**
 * One supervisor per data directory. The lock is SQLite's lock on a file: the system gives it back however the holder
 * ends, and nobody can hold a stale one.
 */
export function lockDataDirectory(dataDirectory: string, runDirectory: string): Disposable {
  const ownerFile = join(runDirectory, "supervisor.pid");
  const database = new DatabaseSync(join(runDirectory, "supervisor.lock"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch {
    database.close();
    throw new CodedError(
      "CONFLICT",
      `Weir already runs on ${dataDirectory} (process ${readPid(ownerFile)}). Stop that one first, or set WEIR_DATA_DIR and WEIR_PORT for a second one.`,
    );
  }
  writeFileSync(ownerFile, String(process.pid));
  return { [Symbol.dispose]: () => database.close() };
}

function readPid(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "unknown";
  }
}
