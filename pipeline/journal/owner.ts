import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const fileName = "owner.lock";
const busy = 5;

/**
 * The sign of a living owner: a lock that the kernel gives back when the process ends, however it ends. Unlike a
 * process id it is never mistaken after a restart of the machine, or between containers that share the folder. Node
 * has no call for such locks; SQLite does, and an empty database that is held exclusively is one.
 */
export class OwnerLock {
  readonly #held: DatabaseSync;

  constructor(folder: string) {
    this.#held = new DatabaseSync(join(folder, fileName), { timeout: 0 });
    this.#held.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  }

  /** The owner is done: from now on the folder, by the name that it has now, has none. */
  async release(folder: string): Promise<void> {
    this.#held.close();
    await rm(join(folder, fileName), { force: true });
  }
}

/** Whether the process that made the folder still runs. In doubt it does. */
export function ownerIsAlive(folder: string): boolean {
  const path = join(folder, fileName);
  if (!existsSync(path)) return false;
  try {
    const probe = new DatabaseSync(path, { timeout: 0 });
    try {
      probe.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
      return false;
    } finally {
      probe.close();
    }
  } catch (error) {
    return (error as { errcode?: number }).errcode === busy || existsSync(path);
  }
}
