import { DatabaseSync } from "node:sqlite";

const busy = 5;

/**
 * A lock on a file that the kernel gives back when the process ends, however it ends. Unlike a process id it is never
 * mistaken after a restart of the machine, or between containers that share the folder. Node has no call for such
 * locks; SQLite does, and an empty database that is held exclusively is one. Nothing is written but the empty file.
 */
export class FileLock {
  readonly #held: DatabaseSync;

  /** Undefined when someone holds it, this process included. Throws when the file cannot be made or opened. */
  static tryAcquire(path: string): FileLock | undefined {
    const held = new DatabaseSync(path, { timeout: 0 });
    try {
      held.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
      return new FileLock(held);
    } catch (error) {
      held.close();
      if ((error as { errcode?: number }).errcode === busy) return undefined;
      throw error;
    }
  }

  constructor(held: DatabaseSync) {
    this.#held = held;
  }

  release(): void {
    this.#held.close();
  }
}
