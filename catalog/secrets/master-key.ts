import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { CodedError, type Telemetry } from "@weir/model";
import { masterKeyCreated } from "../events.ts";

/** The key that seals the providers' keys. `id` names it within what it sealed, and tells nothing of it. */
export interface MasterKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** A key as text: 32 bytes as base64, of either alphabet; undefined for anything else. */
export function masterKeyOf(text: string): MasterKey | undefined {
  const plain = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/, "");
  const bytes = Buffer.from(plain, "base64url");
  if (!/^[\w-]{43}$/.test(plain) || bytes.length !== 32) return undefined;
  return { id: createHash("sha256").update("weir master key id").update(bytes).digest("hex").slice(0, 8), bytes };
}

/**
 * Reads the key; undefined while there is none. Throws CONFIG_INVALID when the file holds no key, or when others on
 * this machine can read it.
 */
export function readMasterKey(file: string): MasterKey | undefined {
  const text = readKeyFile(file);
  if (text === undefined) return undefined;
  const key = masterKeyOf(text.trim());
  if (key !== undefined) return key;
  throw new CodedError(
    "CONFIG_INVALID",
    `${file} holds no master key (43 base64url characters). Restore it from a backup.`,
  );
}

/** The text of a file with keys; undefined when there is no such file. Throws CONFIG_INVALID unless it is its owner's alone. */
export function readKeyFile(file: string): string | undefined {
  try {
    const { mode, uid } = statSync(file);
    // A group may read what root put there for it, as PostgreSQL has it: orchestrators mount secrets like that.
    if ((mode & (uid === 0 ? 0o037 : 0o077)) !== 0) throw exposed(file, mode);
    return readFileSync(file, "utf8");
  } catch (thrown) {
    if (thrown instanceof CodedError) throw thrown;
    if (isMissing(thrown)) return undefined;
    throw new CodedError("CONFIG_INVALID", `The master key ${file} cannot be read.`, { cause: thrown });
  }
}

function exposed(file: string, mode: number): CodedError {
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  return new CodedError(
    "CONFIG_INVALID",
    `The master key ${file} can be read by others on this machine (mode ${shown}). Run: chmod 600 ${file}; and if they may have read it: weir secrets rotate.`,
  );
}

/** Reads the key, or makes one that nobody but this user can read. Two processes that come at once get the same. */
export function readOrCreateMasterKey(file: string, telemetry: Telemetry): MasterKey {
  const existing = readMasterKey(file);
  if (existing !== undefined) return existing;
  if (createKeyFile(file)) telemetry.emit(masterKeyCreated, { file });
  const created = readMasterKey(file);
  if (created === undefined) throw new CodedError("CATALOG_UNAVAILABLE", `The master key ${file} vanished.`);
  return created;
}

/** Where a rotation keeps the new key until every secret is sealed with it. */
export function nextKeyFile(file: string): string {
  return `${file}.next`;
}

/** The new key takes the old one's place, on disk when it returns. */
export function promoteNextKey(file: string): void {
  renameSync(nextKeyFile(file), file);
  syncFolder(dirname(file));
}

/** Whole and on disk before it has its name; false when another process was first. */
function createKeyFile(file: string): boolean {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, `${randomBytes(32).toString("base64url")}\n`);
    fsyncSync(descriptor);
    linkSync(draft, file);
    syncFolder(dirname(file));
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw new CodedError("CATALOG_UNAVAILABLE", `The master key ${file} cannot be written.`, { cause: thrown });
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}
