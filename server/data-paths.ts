import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CodedError } from "@weir/model";

/** Where everything of one Weir is on disk. */
export interface DataPaths {
  readonly data: string;
  readonly run: string;
  readonly catalogFile: string;
  readonly catalogCacheFile: string;
  readonly secretKeyFile: string;
  /** Which keys gateway and receivers saw, until core has noted it. */
  readonly keyUses: string;
  readonly journal: string;
  /** Which exports the receivers took. */
  readonly exports: string;
  readonly engine: string;
  /** The engine's address and password, for core. */
  readonly engineFile: string;
  /** The configuration as the supervisor read it, for its children. */
  readonly configFile: string;
  /** A key of the API for `weir` on this machine; made anew by each core. */
  readonly cliKeyFile: string;
  readonly sockets: string;
  readonly coreSocket: string;
  readonly ingestSocket: string;
  internalSocket(role: string, index: number): string;
}

// A Unix socket's path has at most 107 bytes, and each is made as `<name>.<pid>` first.
const longestSocketFolder = 107 - "gateway-255.internal.sock.4194304".length - 1;

/**
 * The paths of a data directory, its folders made where they are missing, for this user alone. Throws CONFIG_INVALID
 * when that cannot be.
 */
export function openDataPaths(data: string): DataPaths {
  const paths = dataPaths(data);
  const { run, sockets, journal, exports, engine } = paths;
  for (const folder of [data, run, sockets, journal, exports, engine]) openFolder(folder);
  return paths;
}

/** The same paths without a look at the disk. */
export function dataPaths(data: string): DataPaths {
  const run = join(data, "run");
  const short = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const sockets = Buffer.byteLength(run) <= longestSocketFolder ? run : join(tmpdir(), `weir-${short}`);
  return {
    data,
    run,
    catalogFile: join(data, "catalog.sqlite"),
    catalogCacheFile: join(run, "catalog.json"),
    secretKeyFile: join(data, "secret.key"),
    keyUses: join(run, "key-uses"),
    journal: join(data, "journal"),
    exports: join(data, "exports"),
    engine: join(data, "engine"),
    engineFile: join(run, "engine.json"),
    configFile: join(run, "config.json"),
    cliKeyFile: join(run, "cli.key"),
    sockets,
    coreSocket: join(sockets, "core.sock"),
    ingestSocket: join(sockets, "ingest.sock"),
    internalSocket: (role, index) => join(sockets, `${role}-${index}.internal.sock`),
  };
}

/** Makes a folder for this user alone. Throws CONFIG_INVALID when it cannot be made or written to. */
function openFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw unusableFolder(folder, cause);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  EDQUOT: "this user's share of the disk is full",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "there is a file of that name",
};

/** What is told to somebody whose data folder cannot be written to. */
export function unusableFolder(folder: string, cause: unknown): CodedError {
  const code = systemCode(cause);
  // Node says ENOENT of a folder that cannot be made on a read-only disk.
  const found = code === "ENOENT" ? (writeProblem(nearestFolder(folder)) ?? code) : code;
  const reason = reasons[found] ?? (cause as Error).message;
  const remedy = found === "ENOSPC" || found === "EDQUOT" ? "Make room" : "Correct that";
  return new CodedError(
    "CONFIG_INVALID",
    `The data folder ${folder} cannot be used: ${reason}. ${remedy}, or set WEIR_DATA_DIR to another folder.`,
    { cause },
  );
}

function writeProblem(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return systemCode(error);
  }
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

const systemCode = (error: unknown) => (error as NodeJS.ErrnoException).code ?? "";
