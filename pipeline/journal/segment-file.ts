import { type FileHandle, open, statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** One segment open for appending. Offsets are the journal's; nothing here is retried. */
export interface SegmentFile {
  /** Writes all buffers at `position`; rejects when fewer bytes were taken. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Resolves once what was written is durable. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The disk as the journal needs it: a seam for tests of its failures. */
export interface SegmentFiles {
  /** A new file, its folder's entry durable. */
  create(path: string): Promise<SegmentFile>;
  freeBytes(path: string): Promise<number>;
}

/** Makes the entries of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

class DiskFile implements SegmentFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const wanted = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const { bytesWritten } = await this.#handle.writev(buffers, position);
    // The kernel takes less than it was given only when the disk is full or a limit of the process is reached.
    if (bytesWritten !== wanted) throw Object.assign(new Error("the disk took a part only"), { code: "ENOSPC" });
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export const diskFiles: SegmentFiles = {
  async create(path) {
    const handle = await open(path, "wx", 0o600);
    try {
      await syncFolder(dirname(path));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new DiskFile(handle);
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};
