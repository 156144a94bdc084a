import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** How far a journal is durable. The writer reads a living owner's frames only up to here. */
export interface Position {
  /** 0 before the first commit. */
  readonly segment: number;
  readonly end: number;
  /** All rows that were ever acknowledged by this incarnation. */
  readonly rows: number;
}

const fileName = "position";
const length = 24;

function encodePosition({ segment, end, rows }: Position): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(segment, 4);
  bytes.writeDoubleLE(end, 8);
  bytes.writeDoubleLE(rows, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** Undefined when the file is missing or was read while it was being written. */
export async function readPosition(folder: string): Promise<Position | undefined> {
  const bytes = await readFile(join(folder, fileName)).catch(() => undefined);
  if (bytes?.length !== length || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  return { segment: bytes.readUInt32LE(4), end: bytes.readDoubleLE(8), rows: bytes.readDoubleLE(16) };
}

/**
 * Publishes the position in place, without fsync: it is for a reader on the same machine, and a dead owner's
 * segments are read without it.
 */
export class PositionFile {
  readonly #handle: FileHandle;

  static async create(folder: string): Promise<PositionFile> {
    const file = new PositionFile(await open(join(folder, fileName), "wx", 0o600));
    await file.publish({ segment: 0, end: 0, rows: 0 });
    return file;
  }

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Never rejects: a position that cannot be written only delays the reader until the next one. */
  async publish(position: Position): Promise<void> {
    await this.#handle.write(encodePosition(position), 0, length, 0).catch(() => {});
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
