import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FileLock } from "./file-lock.ts";

const fileName = "owner.lock";

/** The sign of a journal's living owner. */
export class OwnerLock {
  readonly #lock: FileLock;

  constructor(folder: string) {
    const lock = FileLock.tryAcquire(join(folder, fileName));
    if (lock === undefined) throw new Error(`${folder} has an owner already`);
    this.#lock = lock;
  }

  /** The owner is done: from now on the folder, by the name that it has now, has none. */
  async release(folder: string): Promise<void> {
    this.#lock.release();
    await rm(join(folder, fileName), { force: true });
  }
}

/** Whether the process that made the folder still runs. In doubt it does. */
export function ownerIsAlive(folder: string): boolean {
  const path = join(folder, fileName);
  if (!existsSync(path)) return false;
  try {
    const lock = FileLock.tryAcquire(path);
    lock?.release();
    return lock === undefined;
  } catch {
    return existsSync(path);
  }
}
