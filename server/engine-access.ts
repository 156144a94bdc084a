import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** How to reach the embedded engine; the same over its restarts within one supervisor's life. */
export interface EngineAccess {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export function newEnginePassword(): string {
  return randomBytes(24).toString("base64url");
}

export function writeEngineAccess(file: string, access: EngineAccess): void {
  writeFileSync(`${file}.draft`, JSON.stringify(access), { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

/** Undefined while there is none yet. */
export function readEngineAccess(file: string): EngineAccess | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as EngineAccess;
  } catch {
    return undefined;
  }
}
